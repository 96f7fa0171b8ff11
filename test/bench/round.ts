import type { Cluster, Ingress, Service } from "../../sync/collect/cluster.ts";
import { clusterOf } from "../../sync/collect/objects.ts";
import { inspector } from "../../sync/compile/backtracking.ts";
import { type Compiled, compile } from "../../sync/compile/compile.ts";
import { newMemory } from "../../sync/compile/memory.ts";
import type { Options } from "../../sync/compile/options.ts";
import { DEFAULT_PERMITS } from "../../sync/compile/permits.ts";
import { plan, rulesDigest } from "../../sync/publish/plan.ts";
import { generateSealingKeys, sealerOf } from "../../sync/publish/seal.ts";
import { generateKeys } from "../../sync/publish/sign.ts";
import { textOf } from "../../sync/publish/texts.ts";
import { objectsOf } from "./objects.ts";

// Prints what rounds of a large cluster cost. It asserts nothing: how fast a machine is says nothing of the code.

const ROUNDS = 15;
const SIZE = { ingresses: 10_000, services: 5000 };

const sealer = sealerOf(generateKeys().privateKey, generateSealingKeys().publicKey);
const options: Options = {
  ingressClass: "edgress",
  controller: "edgress.dev/ingress-controller",
  watchIngressWithoutClass: false,
  allowedResponseHeaders: [],
  zones: ["example.com"],
  permits: DEFAULT_PERMITS,
  inspect: inspector(),
  seal: sealer.seal,
};
const memory = newMemory();

/** Compiles, and plans what would be published. */
async function round(cluster: Cluster): Promise<{ compiled: Compiled; shards: ReadonlyMap<string, string> }> {
  const compiled = compile(cluster, options, memory);
  rulesDigest(compiled.rules);
  const sealed = await sealer.prepare(compiled.rules.hosts.map(textOf));
  return { compiled, shards: plan(compiled.rules, undefined, 1, new Date(), sealed).shards };
}

interface Cost {
  readonly elapsed: number; // ms
  readonly cpu: number; // ms, of all threads: garbage is collected beside
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const [began, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { elapsed: performance.now() - began, cpu: (user + system) / 1000 };
}

async function rounds(what: string, clusters: (index: number) => Cluster): Promise<void> {
  const costs: Cost[] = [];
  for (let index = 0; index < ROUNDS; index++) {
    const cluster = clusters(index);
    costs.push(await costOf(() => round(cluster)));
  }
  print(what, { elapsed: median(costs.map(({ elapsed }) => elapsed)), cpu: median(costs.map(({ cpu }) => cpu)) });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function print(what: string, { elapsed, cpu }: Cost): void {
  const ms = (value: number) => `${value.toFixed(0)} ms`.padStart(8);
  console.log(`${what.padEnd(24)} ${ms(cpu)} CPU ${ms(elapsed)} elapsed`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

let cluster: Cluster = {
  ...clusterOf(objectsOf(SIZE).map((object) => ({ object, source: "the API" }))),
  certificates: "unread",
};

/** Takes a request limit that no Ingress had yet. */
function withChangedIngress(index: number): Cluster {
  const at = index * 37;
  const changed = (ingress: Ingress): Ingress => ({
    ...ingress,
    annotations: { ...ingress.annotations, "nginx.ingress.kubernetes.io/limit-rpm": String(100 + index) },
  });
  cluster = { ...cluster, ingresses: cluster.ingresses.map((one, own) => (own === at ? changed(one) : one)) };
  return cluster;
}

function withChangedService(index: number): Cluster {
  const at = index * 41;
  const changed = (service: Service): Service => ({ ...service, externalIPs: [`192.0.2.${index}`] });
  cluster = { ...cluster, services: cluster.services.map((one, own) => (own === at ? changed(one) : one)) };
  return cluster;
}

print(
  "first",
  await costOf(async () => {
    const { compiled, shards } = await round(cluster);
    const bytes = [...shards.values()].reduce((sum, shard) => sum + shard.length, 0);
    const { rules, diagnostics, references } = compiled;
    console.log(`${SIZE.ingresses} Ingresses, ${SIZE.services} Services: ${rules.hosts.length} hosts,`);
    console.log(`${shards.size} shards of ${megabytes(bytes)}, ${diagnostics.length} diagnostics,`);
    console.log(`${references.length} Secrets and ConfigMaps asked for`);
  }),
);
await rounds("one changed Ingress", withChangedIngress);
await rounds("one changed Service", withChangedService);
await rounds("nothing changed", () => ({ ...cluster, ingresses: [...cluster.ingresses] }));
console.log(`resident: ${megabytes(process.memoryUsage().rss)}`);
