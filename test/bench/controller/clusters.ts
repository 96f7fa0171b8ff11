import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { KubernetesClient } from "../../../sync/kubernetes/client.ts";
import { connectWithKubeconfig } from "../../support/cluster/cluster.ts";
import { startControlPlane } from "../../support/cluster/control-plane.ts";
import type { BenchReply, BenchRequest } from "./api-server.ts";
import { buildObjects, type ClusterSize } from "./objects.ts";

const MAX_PARALLEL_REQUESTS = 16;

/** A cluster full of objects, in processes of its own. */
export interface BenchCluster {
  readonly kubeconfig: string; // a file
  readonly api: KubernetesClient;
  /** How many requests of each kind there were so far; undefined where that is not counted. */
  countRequests(): Promise<Readonly<Record<string, number>> | undefined>;
  close(): Promise<void>;
}

/** The API server of the tests. */
export async function startLoopbackCluster(size: ClusterSize): Promise<BenchCluster> {
  const child = fork(fileURLToPath(new URL("api-server.ts", import.meta.url)));
  const sendRequest = async (request: BenchRequest): Promise<BenchReply> => {
    child.send(request);
    const [reply] = await once(child, "message");
    return reply as BenchReply; // api-server.ts says so
  };
  const folder = await mkdtemp(join(tmpdir(), "edgress-bench-"));
  const reply = await sendRequest({ start: size });
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, "kubeconfig" in reply ? reply.kubeconfig : "", { mode: 0o600 });
  return {
    kubeconfig,
    api: connectWithKubeconfig(kubeconfig),
    async countRequests() {
      const reply = await sendRequest("count");
      return "requests" in reply ? reply.requests : {};
    },
    async close() {
      child.disconnect();
      await rm(folder, { recursive: true });
    },
  };
}

/** A real kube-apiserver with etcd. */
export async function startRealCluster(size: ClusterSize): Promise<BenchCluster> {
  const plane = await startControlPlane();
  const api = connectWithKubeconfig(plane.kubeconfig);
  const objects = buildObjects(size) as CompleteObject[]; // objects.ts writes them so
  const namespaces = new Set(objects.flatMap(({ metadata: { namespace } }) => namespace ?? []));
  await runInParallel([...namespaces], (name) => api.create("/api/v1/namespaces", { metadata: { name } }));
  await runInParallel(objects, (object) => api.create(buildCollectionPath(object), omitClusterIps(object)));
  return { kubeconfig: plane.kubeconfig, api, countRequests: async () => undefined, close: plane.close };
}

interface CompleteObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly namespace?: string; readonly name: string };
  readonly spec?: object;
}

function buildCollectionPath({ apiVersion, kind, metadata: { namespace } }: CompleteObject): string {
  const plural = { Ingress: "ingresses", IngressClass: "ingressclasses", Service: "services", Secret: "secrets" }[kind];
  const namespacePath = namespace === undefined ? "" : `namespaces/${namespace}/`;
  return `${apiVersion.includes("/") ? "/apis" : "/api"}/${apiVersion}/${namespacePath}${plural}`;
}

/** Addresses of Services are the server's to give. */
function omitClusterIps(object: CompleteObject): object {
  if (object.kind !== "Service") return object;
  return { ...object, spec: { ...object.spec, clusterIP: undefined, clusterIPs: undefined } };
}

async function runInParallel<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values();
  const work = async () => {
    for (const item of queue) await act(item);
  };
  await Promise.all(Array.from({ length: MAX_PARALLEL_REQUESTS }, work));
}
