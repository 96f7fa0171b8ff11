import type { Cluster } from "../../../sync/collect/cluster-model.ts";
import { compile } from "../../../sync/compile/compile.ts";
import { createCompileCache } from "../../../sync/compile/compile-cache.ts";
import { publish } from "../../../sync/publish/publish.ts";
import type { PublishedSnapshot } from "../../../sync/publish/read-published.ts";
import { createSigner, generateSigningKeys } from "../../../sync/publish/sign-manifest.ts";
import { MemoryKv } from "../../support/memory-kv.ts";
import { BENCH_OPTIONS, type Elapsed, measureElapsed, parseObjects } from "./compile-options.ts";
import {
  addIngress,
  buildPublicationObjects,
  type ChangeCluster,
  changeIngress,
  changeService,
  removeIngress,
  resync,
} from "./publication-objects.ts";

// Prints, as JSON, what publications of a number of hosts cost: compile, plan and write to a KV in memory that counts.

const SAMPLES = 5; // of each change; the row is the median by CPU
const CHANGES: readonly (readonly [label: string, change: ChangeCluster])[] = [
  ["one changed Ingress", changeIngress],
  ["one new Ingress", addIngress],
  ["one removed Ingress", removeIngress],
  ["one changed Service", changeService],
  ["nothing changed", resync],
];

/** A row of the table. */
export interface PublicationCost extends Elapsed {
  readonly hosts: number;
  readonly publication: string;
  readonly "peak RSS MB": number;
  readonly "KV writes": number;
  readonly "KV kB": number;
}

const hosts = Number(process.argv[2]);
const kv = new MemoryKv();
const signer = createSigner(generateSigningKeys().privateKey);
const cache = createCompileCache();
let cluster = parseObjects(buildPublicationObjects(hosts));
let snapshot: PublishedSnapshot | undefined;

async function measurePublication(publication: string, nextCluster: Cluster): Promise<PublicationCost> {
  cluster = nextCluster;
  const { value: result, elapsed } = await measureElapsed(() =>
    publish(compile(cluster, BENCH_OPTIONS, cache).rules, kv, signer, new Date(), undefined, { snapshot }),
  );
  snapshot = result.snapshot;
  return {
    hosts,
    publication,
    ...elapsed,
    "peak RSS MB": Math.round(process.resourceUsage().maxRSS / 1000),
    "KV writes": result.writes,
    "KV kB": Math.round(result.bytes / 100) / 10,
  };
}

const costs = [await measurePublication("first", cluster)];
for (const [label, change] of CHANGES) {
  const samples: PublicationCost[] = [];
  for (let index = 0; index < SAMPLES; index++) samples.push(await measurePublication(label, change(cluster, index)));
  const median = samples.toSorted((a, b) => a["CPU ms"] - b["CPU ms"])[SAMPLES >> 1];
  if (median) costs.push(median);
}
console.log(JSON.stringify(costs));
