import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Api } from "../../sync/kubernetes/api.ts";
import { apiAs } from "../support/cluster/cluster.ts";
import { controlPlane } from "../support/cluster/control-plane.ts";
import type { Answer, Question } from "./api-server.ts";
import { objectsOf, type Size } from "./objects.ts";

const PARALLEL = 16;

/** A cluster full of objects, in processes of its own. */
export interface BenchCluster {
  readonly kubeconfig: string; // a file
  readonly api: Api;
  /** How many requests of each kind there were so far; undefined where that is not counted. */
  requests(): Promise<Readonly<Record<string, number>> | undefined>;
  close(): Promise<void>;
}

/** The API server of the tests. */
export async function loopbackCluster(size: Size): Promise<BenchCluster> {
  const child = fork(fileURLToPath(new URL("api-server.ts", import.meta.url)));
  const ask = async (question: Question): Promise<Answer> => {
    child.send(question);
    const [answer] = await once(child, "message");
    return answer as Answer; // api-server.ts says so
  };
  const folder = await mkdtemp(join(tmpdir(), "edgress-bench-"));
  const started = await ask({ start: size });
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, "kubeconfig" in started ? started.kubeconfig : "", { mode: 0o600 });
  return {
    kubeconfig,
    api: apiAs(kubeconfig),
    async requests() {
      const answer = await ask("count");
      return "requests" in answer ? answer.requests : {};
    },
    async close() {
      child.disconnect();
      await rm(folder, { recursive: true });
    },
  };
}

/** A real kube-apiserver with etcd. */
export async function realCluster(size: Size): Promise<BenchCluster> {
  const plane = await controlPlane();
  const api = apiAs(plane.kubeconfig);
  const objects = objectsOf(size) as Whole[]; // objects.ts writes them so
  const namespaces = new Set(objects.flatMap(({ metadata: { namespace } }) => namespace ?? []));
  await inParallel([...namespaces], (name) => api.create("/api/v1/namespaces", { metadata: { name } }));
  await inParallel(objects, (object) => api.create(collectionOf(object), creatable(object)));
  return { kubeconfig: plane.kubeconfig, api, requests: async () => undefined, close: plane.close };
}

interface Whole {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly namespace?: string; readonly name: string };
  readonly spec?: object;
}

function collectionOf({ apiVersion, kind, metadata: { namespace } }: Whole): string {
  const plural = { Ingress: "ingresses", IngressClass: "ingressclasses", Service: "services", Secret: "secrets" }[kind];
  const place = namespace === undefined ? "" : `namespaces/${namespace}/`;
  return `${apiVersion.includes("/") ? "/apis" : "/api"}/${apiVersion}/${place}${plural}`;
}

/** Addresses of Services are the server's to give. */
function creatable(object: Whole): object {
  if (object.kind !== "Service") return object;
  return { ...object, spec: { ...object.spec, clusterIP: undefined, clusterIPs: undefined } };
}

async function inParallel<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values();
  const work = async () => {
    for (const item of queue) await act(item);
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
}
