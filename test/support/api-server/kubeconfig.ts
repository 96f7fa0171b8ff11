/** Returns options for `KubeConfig.loadFromOptions`. */
export function buildKubeconfigOptions(server: string, token: string) {
  return {
    clusters: [{ name: "local", server, skipTLSVerify: true }],
    users: [{ name: "edgress", token }],
    contexts: [{ name: "local", cluster: "local", user: "edgress" }],
    currentContext: "local",
  };
}

/** Returns the text of a kubeconfig file. */
export function formatKubeconfigFile(server: string, token: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "local", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "edgress", user: { token } }],
    contexts: [{ name: "local", context: { cluster: "local", user: "edgress" } }],
    "current-context": "local",
  });
}
