export function buildEtcdArguments(folder: string, url: string, peerUrl: string): string[] {
  return [
    `--data-dir=${folder}/etcd`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
  ];
}

export function buildApiServerArguments(folder: string, etcdUrl: string, apiPort: number): string[] {
  return [
    `--etcd-servers=${etcdUrl}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${apiPort}`,
    "--advertise-address=192.0.2.1", // required and must not be loopback; unused
    "--endpoint-reconciler-type=none",
    `--cert-dir=${folder}`, // for its generated certificate and CA
    "--authorization-mode=RBAC",
    `--token-auth-file=${folder}/tokens`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-signing-key-file=${folder}/service-accounts.key`,
    `--service-account-key-file=${folder}/service-accounts.pub`,
    "--service-cluster-ip-range=10.96.0.0/12",
  ];
}

/** Disables the plugin that waits for IngressClasses, because that API is not served. */
export function buildLegacyArguments(runtimeConfig: string): string[] {
  return [`--runtime-config=${runtimeConfig}`, "--disable-admission-plugins=DefaultIngressClass"];
}

export function buildControllerManagerArguments(folder: string, port: number): string[] {
  return [
    `--kubeconfig=${folder}/kubeconfig`,
    "--controllers=namespace,serviceaccount,clusterrole-aggregation",
    "--leader-elect=false",
    `--port=${port}`,
    "--address=127.0.0.1",
    "--secure-port=0",
  ];
}
