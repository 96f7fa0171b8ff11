import type { Cluster, Ingress, Service } from "../../sync/collect/cluster-model.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import { createCompileCache } from "../../sync/compile/compile-cache.ts";
import { createRegexInspector } from "../../sync/compile/hosts/regex-safety.ts";
import type { Compilation } from "../../sync/compile/model.ts";
import type { Options } from "../../sync/compile/options.ts";
import { DEFAULT_PERMITS } from "../../sync/permits/model.ts";
import { createSecretEncryptor, generateEncryptionKeys } from "../../sync/publish/encrypt-secrets.ts";
import { computeRulesDigest, planPublication } from "../../sync/publish/plan-publication.ts";
import { serializeHost } from "../../sync/publish/serialize.ts";
import { generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { buildObjects } from "./objects.ts";

// Prints what rounds of a large cluster cost. It asserts nothing: how fast a machine is says nothing of the code.

const SAMPLE_COUNT = 15;
const SIZE = { ingresses: 10_000, services: 5000 };

const encryptor = createSecretEncryptor(generateSigningKeys().privateKey, generateEncryptionKeys().publicKey);
const options: Options = {
  ingressClass: "edgress",
  controller: "edgress.dev/ingress-controller",
  watchIngressWithoutClass: false,
  allowedResponseHeaders: [],
  zones: ["example.com"],
  permits: DEFAULT_PERMITS,
  inspect: createRegexInspector(),
  tokenizeSecret: encryptor.tokenizeSecret,
};
const cache = createCompileCache();

/** Compiles, and plans what would be published. */
async function compileAndPlan(
  cluster: Cluster,
): Promise<{ compilation: Compilation; shards: ReadonlyMap<string, string> }> {
  const compilation = compile(cluster, options, cache);
  computeRulesDigest(compilation.rules);
  const encryptedSecrets = await encryptor.prepare(compilation.rules.hosts.map(serializeHost));
  return { compilation, shards: planPublication(compilation.rules, undefined, 1, new Date(), encryptedSecrets).shards };
}

interface Cost {
  readonly elapsed: number; // ms
  readonly cpu: number; // ms, of all threads: garbage is collected beside
}

async function measureCost(work: () => Promise<unknown>): Promise<Cost> {
  const [startedAt, cpuBefore] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpuBefore);
  return { elapsed: performance.now() - startedAt, cpu: (user + system) / 1000 };
}

async function measureSyncs(label: string, clusters: (index: number) => Cluster): Promise<void> {
  const costs: Cost[] = [];
  for (let index = 0; index < SAMPLE_COUNT; index++) {
    const cluster = clusters(index);
    costs.push(await measureCost(() => compileAndPlan(cluster)));
  }
  printCost(label, { elapsed: median(costs.map(({ elapsed }) => elapsed)), cpu: median(costs.map(({ cpu }) => cpu)) });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function printCost(label: string, { elapsed, cpu }: Cost): void {
  const ms = (value: number) => `${value.toFixed(0)} ms`.padStart(8);
  console.log(`${label.padEnd(24)} ${ms(cpu)} CPU ${ms(elapsed)} elapsed`);
}

function formatMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

let cluster: Cluster = {
  ...parseCluster(buildObjects(SIZE).map((object) => ({ object, source: "the API" }))),
  certificates: "unknown",
};

/** Takes a request limit that no Ingress had yet. */
function withChangedIngress(index: number): Cluster {
  const targetIndex = index * 37;
  const change = (ingress: Ingress): Ingress => ({
    ...ingress,
    annotations: { ...ingress.annotations, "nginx.ingress.kubernetes.io/limit-rpm": String(100 + index) },
  });
  cluster = {
    ...cluster,
    ingresses: cluster.ingresses.map((candidate, position) =>
      position === targetIndex ? change(candidate) : candidate,
    ),
  };
  return cluster;
}

function withChangedService(index: number): Cluster {
  const targetIndex = index * 41;
  const change = (service: Service): Service => ({ ...service, externalIPs: [`192.0.2.${index}`] });
  cluster = {
    ...cluster,
    services: cluster.services.map((candidate, position) => (position === targetIndex ? change(candidate) : candidate)),
  };
  return cluster;
}

printCost(
  "first",
  await measureCost(async () => {
    const { compilation, shards } = await compileAndPlan(cluster);
    const bytes = [...shards.values()].reduce((sum, shard) => sum + shard.length, 0);
    const { rules, diagnostics, references } = compilation;
    console.log(`${SIZE.ingresses} Ingresses, ${SIZE.services} Services: ${rules.hosts.length} hosts,`);
    console.log(`${shards.size} shards of ${formatMegabytes(bytes)}, ${diagnostics.length} diagnostics,`);
    console.log(`${references.length} Secrets and ConfigMaps asked for`);
  }),
);
await measureSyncs("one changed Ingress", withChangedIngress);
await measureSyncs("one changed Service", withChangedService);
await measureSyncs("nothing changed", () => ({ ...cluster, ingresses: [...cluster.ingresses] }));
console.log(`resident: ${formatMegabytes(process.memoryUsage().rss)}`);
