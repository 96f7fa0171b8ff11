import { parseArgs } from "node:util";
import type { Cluster, Ingress, Service } from "../../sync/collect/cluster-model.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import { createCompileCache } from "../../sync/compile/compile-cache.ts";
import type { Options } from "../../sync/compile/options.ts";
import { DEFAULT_PERMITS } from "../../sync/permits/model.ts";
import { createSecretEncryptor, generateEncryptionKeys } from "../../sync/publish/encrypt-secrets.ts";
import { computeRulesDigest, planPublication } from "../../sync/publish/plan-publication.ts";
import { serializeHosts } from "../../sync/publish/serialize.ts";
import { generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { createRegexLookup } from "../../sync/regex-check/regex-lookup.ts";
import { buildObjects } from "./objects.ts";

// Prints the CPU time and memory of syncs of a large cluster: compile and plan, without a network. It asserts nothing,
// because the speed of a machine is no property of the code. Compare only figures of one machine and one minute.
// Each Ingress has one host: `--ingresses 100000` gives 100,000 hosts and their aliases.

const { values: flags } = parseArgs({
  options: {
    ingresses: { type: "string", default: "10000" },
    services: { type: "string", default: "5000" },
    samples: { type: "string", default: "15" }, // syncs of each kind; the table shows the median
  },
});
const size = { ingresses: Number(flags.ingresses), services: Number(flags.services) };
const sampleCount = Number(flags.samples);

const encryptor = createSecretEncryptor(generateSigningKeys().privateKey, generateEncryptionKeys().publicKey);
const options: Options = {
  ingressClass: "edgress",
  controller: "edgress.dev/ingress-controller",
  watchIngressWithoutClass: false,
  exclusiveHosts: false,
  allowedResponseHeaders: [],
  zones: ["example.com"],
  permits: DEFAULT_PERMITS,
  regexVerdicts: createRegexLookup(),
  tokenizeSecret: encryptor.tokenizeSecret,
};
const cache = createCompileCache();

let cluster: Cluster = {
  ...parseCluster(buildObjects(size).map((object) => ({ object, source: "the API" }))),
  certificates: "unknown",
};

/** Compiles, plans the publication, and describes both. */
async function compileAndPlan(): Promise<string> {
  const { rules, diagnostics, references } = compile(cluster, options, cache);
  computeRulesDigest(rules);
  const encryptTokens = await encryptor.prepare(serializeHosts(rules.hosts));
  const { shards } = planPublication(rules, undefined, 1, new Date(), encryptTokens);
  const counts = `${rules.hosts.length} hosts, ${shards.size} shards, ${diagnostics.length} diagnostics`;
  return `${counts}, ${references.length} referenced Secrets and ConfigMaps`;
}

/** A row of the table. CPU is that of all threads, because garbage is collected in others. */
interface Cost {
  readonly "CPU ms": number;
  readonly "elapsed ms": number;
  readonly "RSS MB": number;
}

async function measureCost(): Promise<Cost> {
  const [startedAt, cpuBefore] = [performance.now(), process.cpuUsage()];
  await compileAndPlan();
  const { user, system } = process.cpuUsage(cpuBefore);
  const [cpu, elapsed] = [(user + system) / 1000, performance.now() - startedAt];
  return { "CPU ms": Math.round(cpu), "elapsed ms": Math.round(elapsed), "RSS MB": readResidentMegabytes() };
}

async function measureChanges(change: (index: number) => Cluster): Promise<Cost> {
  const costs: Cost[] = [];
  for (let index = 0; index < sampleCount; index++) {
    cluster = change(index);
    costs.push(await measureCost());
  }
  const median = (key: keyof Cost) => costs.map((cost) => cost[key]).toSorted((a, b) => a - b)[sampleCount >> 1] ?? 0;
  return { "CPU ms": median("CPU ms"), "elapsed ms": median("elapsed ms"), "RSS MB": readResidentMegabytes() };
}

function readResidentMegabytes(): number {
  return Math.round(process.memoryUsage.rss() / 1e6);
}

/** Sets a request limit that no Ingress has yet. */
function changeIngress(index: number): Cluster {
  const change = (ingress: Ingress): Ingress => ({
    ...ingress,
    annotations: { ...ingress.annotations, "nginx.ingress.kubernetes.io/limit-rpm": String(100 + index) },
  });
  return { ...cluster, ingresses: replaceItem(cluster.ingresses, index * 37, change) };
}

function changeService(index: number): Cluster {
  const change = (service: Service): Service => ({ ...service, externalIPs: [`192.0.2.${index}`] });
  return { ...cluster, services: replaceItem(cluster.services, index * 41, change) };
}

function replaceItem<T>(items: readonly T[], target: number, change: (item: T) => T): T[] {
  return items.map((item, index) => (index === target ? change(item) : item));
}

const table = {
  "first sync": await measureCost(),
  "one changed Ingress": await measureChanges(changeIngress),
  "one changed Service": await measureChanges(changeService),
  "no change": await measureChanges(() => ({ ...cluster, ingresses: [...cluster.ingresses] })),
};
console.log(`${size.ingresses} Ingresses and ${size.services} Services: ${await compileAndPlan()}`);
console.table(table);
