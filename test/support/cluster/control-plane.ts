import { execFile } from "node:child_process";
import { generateKeyPairSync, randomBytes, randomInt } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { listen } from "../../../sync/net/listen.ts";
import { connectToCluster, connectToExistingCluster, formatKubeconfig, type TestCluster } from "./cluster.ts";
import { createServerProcess, type ServerProcess } from "./server.ts";

/** A local cluster without nodes: etcd, kube-apiserver 1.20, and the controller that empties deleted namespaces. */
export interface ControlPlane extends TestCluster {
  /** Sends SIGKILL and resolves after the exit. */
  killApiServer(): Promise<void>;
  /** Restarts it on the same port and resolves when it is ready. It needs etcd. */
  startApiServer(): Promise<void>;
  /** Sends SIGKILL and resolves after the exit. */
  killEtcd(): Promise<void>;
  /** Restarts it with the same data and resolves when it is healthy. */
  startEtcd(): Promise<void>;
}

export interface ControlPlaneOptions {
  /** Served APIs: "networking.k8s.io/v1=false" simulates an older server. */
  readonly runtimeConfig?: string;
}

/** The skip reason of tests that kill the API server. False if they can run. */
export const externalClusterSkipReason = process.env.KUBECONFIG
  ? "KUBECONFIG is set: tests must not kill an external cluster"
  : false;

/** Connects to the cluster of KUBECONFIG, or starts a local control plane. */
export function startCluster(): Promise<TestCluster> {
  return process.env.KUBECONFIG ? connectToExistingCluster() : startControlPlane();
}

/** Starts a control plane on loopback. Rejects with one line if packages are missing to build it. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const binaries = await buildBinaries();
  const folder = await mkdtemp(join(tmpdir(), "edgress-control-plane-"));
  const { etcd, apiServer, controllers } = await createServers(binaries, folder, options);
  const servers = [etcd, apiServer, controllers]; // each needs the previous one
  const killServers = () => Promise.all(servers.map((server) => server.kill()));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  const abandon = () => {
    void killServers();
    remove();
  };
  process.once("exit", abandon);
  const close = async () => {
    await killServers();
    remove();
    process.off("exit", abandon);
  };
  try {
    for (const server of servers) await server.start();
    return {
      ...(await connectToCluster(join(folder, "kubeconfig"), folder)),
      killApiServer: apiServer.kill,
      startApiServer: apiServer.start,
      killEtcd: etcd.kill,
      startEtcd: etcd.start,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Returns the folder of the binaries. Builds them if they are missing. */
function buildBinaries(): Promise<string> {
  const script = fileURLToPath(new URL("build.sh", import.meta.url));
  return new Promise((resolve, reject) => {
    execFile(script, (error, stdout, stderr) => (error ? reject(new Error(stderr.trim())) : resolve(stdout.trim())));
  });
}

async function createServers(
  binaries: string,
  folder: string,
  { runtimeConfig }: ControlPlaneOptions,
): Promise<Record<"etcd" | "apiServer" | "controllers", ServerProcess>> {
  const [etcdPort, peerPort, apiPort, controllersPort] = [
    await findFreePort(),
    await findFreePort(),
    await findFreePort(),
    await findFreePort(),
  ];
  const token = await writeCredentials(folder, `https://127.0.0.1:${apiPort}`);
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  return {
    etcd: createServerProcess({
      command: "etcd",
      args: buildEtcdArguments(folder, etcdUrl, `http://127.0.0.1:${peerPort}`),
      log: join(folder, "etcd.log"),
      isReady: () => isOk(`${etcdUrl}/health`),
    }),
    apiServer: createServerProcess({
      command: join(binaries, "kube-apiserver"),
      args: [
        ...buildApiServerArguments(folder, etcdUrl, apiPort),
        ...(runtimeConfig ? buildLegacyArguments(runtimeConfig) : []),
      ],
      log: join(folder, "kube-apiserver.log"),
      isReady: () => isOk(`https://127.0.0.1:${apiPort}/readyz`, { token, ca: join(folder, "apiserver.crt") }),
    }),
    controllers: createServerProcess({
      command: join(binaries, "kube-controller-manager"),
      args: buildControllerManagerArguments(folder, controllersPort),
      log: join(folder, "kube-controller-manager.log"),
      isReady: () => isOk(`http://127.0.0.1:${controllersPort}/healthz`),
    }),
  };
}

function buildEtcdArguments(folder: string, url: string, peerUrl: string): string[] {
  return [
    `--data-dir=${folder}/etcd`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
  ];
}

function buildApiServerArguments(folder: string, etcdUrl: string, apiPort: number): string[] {
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
function buildLegacyArguments(runtimeConfig: string): string[] {
  return [`--runtime-config=${runtimeConfig}`, "--disable-admission-plugins=DefaultIngressClass"];
}

function buildControllerManagerArguments(folder: string, port: number): string[] {
  return [
    `--kubeconfig=${folder}/kubeconfig`,
    "--controllers=namespace,serviceaccount,clusterrole-aggregation",
    "--leader-elect=false",
    `--port=${port}`,
    "--address=127.0.0.1",
    "--secure-port=0",
  ];
}

/** Writes the admin kubeconfig and the keys for ServiceAccount tokens. Returns the admin token. */
async function writeCredentials(folder: string, server: string): Promise<string> {
  const token = randomBytes(16).toString("hex");
  await writeFile(join(folder, "tokens"), `${token},admin,admin,system:masters\n`);
  const cluster = { server, "certificate-authority": join(folder, "apiserver.crt") };
  await writeFile(join(folder, "kubeconfig"), formatKubeconfig(cluster, token));
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFile(join(folder, "service-accounts.key"), privateKey.export({ type: "sec1", format: "pem" }));
  await writeFile(join(folder, "service-accounts.pub"), publicKey.export({ type: "spki", format: "pem" }));
  return token;
}

/** Picks a port below the ephemeral range, so that no client takes it while the server is down. */
async function findFreePort(): Promise<number> {
  for (;;) {
    const candidate = randomInt(20_000, 32_768);
    const listening = await listen(createServer(), candidate).catch(() => undefined);
    await listening?.close();
    if (listening) return candidate;
  }
}

async function isOk(url: string, access?: { token: string; ca: string }): Promise<boolean> {
  const ca = access && (await readFile(access.ca));
  return new Promise((resolve, reject) => {
    const options = access ? { ca, headers: { Authorization: `Bearer ${access.token}` }, agent: false } : {};
    const request = (access ? getHttps : getHttp)(url, { ...options, timeout: 1000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("error", reject).on("timeout", () => request.destroy(new Error("no response")));
  });
}
