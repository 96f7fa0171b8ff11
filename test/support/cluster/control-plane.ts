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
import {
  buildApiServerArguments,
  buildControllerManagerArguments,
  buildEtcdArguments,
  buildLegacyArguments,
} from "./server-arguments.ts";

/** Each builds the servers of a version, and prints their folder. */
const BUILD_SCRIPTS = { "1.20": "build.sh", "1.36": "build-1.36.sh" } as const;

/** A local cluster without nodes: etcd, kube-apiserver, and in 1.20 the controller that empties deleted namespaces. */
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
  /** Kubernetes version. Default: 1.20. */
  readonly version?: keyof typeof BUILD_SCRIPTS;
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
  const { version = "1.20" } = options;
  const binaries = await buildBinaries(version);
  const folder = await mkdtemp(join(tmpdir(), "edgress-control-plane-"));
  const { etcd, apiServer, controllers } = await createServers(binaries, folder, options);
  // Each needs the previous one.
  const servers = version === "1.20" ? [etcd, apiServer, controllers] : [etcd, apiServer];
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
function buildBinaries(version: keyof typeof BUILD_SCRIPTS): Promise<string> {
  const script = fileURLToPath(new URL(BUILD_SCRIPTS[version], import.meta.url));
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

/** Ports of this process. A server that is not started yet, or that a test has killed, does not listen on its port. */
const reservedPorts = new Set<number>();

/** Picks a port below the ephemeral range, so that no client takes it while the server is down. */
async function findFreePort(): Promise<number> {
  for (;;) {
    const candidate = randomInt(20_000, 32_768);
    if (reservedPorts.has(candidate)) continue;
    reservedPorts.add(candidate);
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
