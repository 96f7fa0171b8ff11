import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Cluster } from "../../../sync/collect/cluster-model.ts";
import { compile } from "../../../sync/compile/compile.ts";
import { createCompileCache } from "../../../sync/compile/compile-cache.ts";
import { publish } from "../../../sync/publish/publish.ts";
import type { PublishedSnapshot } from "../../../sync/publish/read-published.ts";
import { createSigner, generateSigningKeys } from "../../../sync/publish/sign-manifest.ts";
import { buildIngressManifest } from "../../support/manifests.ts";
import { MemoryKv } from "../../support/memory-kv.ts";
import { BENCH_OPTIONS, parseObjects } from "./compile-options.ts";
import { buildPublicationObjects, changeIngress, changeService } from "./publication-objects.ts";

const HOSTS = 200;
/** One hour passes with each change, so that KV in this process keeps the blobs of 24 changes. */
const CHANGE_INTERVAL_MS = 3_600_000;

/** The heap after two numbers of changes. */
export interface HeapGrowth {
  readonly rows: readonly { readonly changes: number; readonly "heap kB": number }[];
  readonly growthKb: number;
}

/**
 * Compiles and publishes changes of a small cluster, and compares the heap after `early` and after `late` changes. Each change
 * has a new host, a new regex, an unknown port, or other settings or addresses.
 */
export async function measureHeapGrowth(early: number, late: number): Promise<HeapGrowth> {
  const kv = new MemoryKv();
  const signer = createSigner(generateSigningKeys().privateKey);
  const cache = createCompileCache();
  const initial = parseObjects(buildPublicationObjects(HOSTS));
  const rows: { changes: number; "heap kB": number }[] = [];
  let cluster = initial;
  let snapshot: PublishedSnapshot | undefined;
  for (let index = 1; index <= late; index++) {
    cluster = applyChange(cluster, initial, index);
    const { rules } = compile(cluster, BENCH_OPTIONS, cache);
    const now = new Date(Date.UTC(2026, 0, 1) + index * CHANGE_INTERVAL_MS);
    ({ snapshot } = await publish(rules, kv, signer, now, undefined, { snapshot }));
    if (index === early || index === late) rows.push({ changes: index, "heap kB": measureHeapKb() });
  }
  const [first, last] = rows;
  return { rows, growthKb: (last?.["heap kB"] ?? Number.NaN) - (first?.["heap kB"] ?? Number.NaN) };
}

function applyChange(cluster: Cluster, initial: Cluster, index: number): Cluster {
  if (index % 4 === 0) return changeIngress(cluster, index);
  if (index % 4 === 1) return changeService(cluster, index % 250);
  const path = index % 4 === 2 ? `/preview-${index}(/|$)(.*)` : "/";
  const service = index % 4 === 2 ? "service-0" : `service-0:${10_000 + index}`;
  const manifest = buildIngressManifest("preview", `preview-${index}.example.com`, { [path]: service });
  const annotations = { "nginx.ingress.kubernetes.io/use-regex": "true" };
  const preview = { ...manifest, metadata: { name: "preview", namespace: "team-0", annotations } };
  return { ...cluster, ingresses: [...initial.ingresses, ...parseObjects([preview]).ingresses] };
}

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

function measureHeapKb(): number {
  collectGarbage();
  return Math.round(process.memoryUsage().heapUsed / 1000);
}
