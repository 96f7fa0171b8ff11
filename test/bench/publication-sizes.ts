import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Cluster, Ingress } from "../../sync/collect/cluster-model.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import { createCompileCache } from "../../sync/compile/compile-cache.ts";
import type { Options } from "../../sync/compile/options.ts";
import { DEFAULT_PERMITS } from "../../sync/permits/model.ts";
import { type PublishResult, publish } from "../../sync/publish/publish.ts";
import type { PublishedSnapshot } from "../../sync/publish/read-published.ts";
import { createSigner, generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { createRegexLookup } from "../../sync/regex-check/regex-lookup.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { MemoryKv } from "../support/memory-kv.ts";

// Measures compile and publish by number of hosts, against a KV in memory that counts. Each size runs in its own process.
// It fails if one changed Ingress exceeds its budget of writes or bytes.

const SIZES = [100, 1000, 10_000, 100_000];
const NAMESPACES = 100;
const SERVICE_COUNT = 500;
const PATHS = ["/", "/api", "/static"];
const CHANGES = 5;
const MAX_WRITES = 3;
const MAX_BYTES = 100_000;
const MEGABYTE = 1e6;

/** A row of the table. */
interface Cost {
  readonly hosts: number;
  readonly publication: string;
  readonly "CPU ms": number;
  readonly "wall ms": number;
  readonly "peak RSS MB": number;
  readonly "KV writes": number;
  readonly "KV kB": number;
}

const { values: flags } = parseArgs({ options: { hosts: { type: "string" }, sizes: { type: "string" } } });

if (flags.hosts === undefined) {
  const sizes = flags.sizes?.split(",").map(Number) ?? SIZES;
  const costs = sizes.flatMap(measureInProcess);
  console.table(costs);
  const excess = costs.filter(isOverBudget);
  if (excess.length > 0)
    throw new Error(
      `budget of ${MAX_WRITES} writes and ${MAX_BYTES} bytes exceeded at ${excess.map(({ hosts }) => hosts).join(", ")} hosts`,
    );
} else {
  console.log(JSON.stringify(await measureSize(Number(flags.hosts))));
}

function measureInProcess(hosts: number): Cost[] {
  const script = fileURLToPath(import.meta.url);
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--hosts", String(hosts)], {
    encoding: "utf8",
    maxBuffer: MEGABYTE,
  });
  if (status !== 0) throw new Error(`${hosts} hosts: ${stderr}`);
  return JSON.parse(stdout) as Cost[];
}

function isOverBudget(cost: Cost): boolean {
  return cost.publication !== "first" && (cost["KV writes"] > MAX_WRITES || cost["KV kB"] * 1000 > MAX_BYTES);
}

async function measureSize(hosts: number): Promise<Cost[]> {
  const kv = new MemoryKv();
  const signer = createSigner(generateSigningKeys().privateKey);
  const options: Options = {
    ingressClass: "edgress",
    controller: "edgress.dev/ingress-controller",
    watchIngressWithoutClass: true,
    exclusiveHosts: false,
    allowedResponseHeaders: [],
    zones: ["example.com"],
    permits: DEFAULT_PERMITS,
    regexVerdicts: createRegexLookup(),
    tokenizeSecret: (text) => text,
  };
  const cache = createCompileCache();
  let snapshot: PublishedSnapshot | undefined;
  const measure = async (publication: string, cluster: Cluster): Promise<Cost> => {
    const [startedAt, cpuBefore] = [performance.now(), process.cpuUsage()];
    const result: PublishResult = await publish(
      compile(cluster, options, cache).rules,
      kv,
      signer,
      new Date(),
      undefined,
      {
        snapshot,
      },
    );
    const { user, system } = process.cpuUsage(cpuBefore);
    snapshot = result.snapshot;
    return {
      hosts,
      publication,
      "CPU ms": Math.round((user + system) / 1000),
      "wall ms": Math.round(performance.now() - startedAt),
      "peak RSS MB": Math.round(process.resourceUsage().maxRSS / 1000),
      "KV writes": result.writes,
      "KV kB": Math.round(result.bytes / 100) / 10,
    };
  };
  const objects = parseCluster(buildObjects(hosts).map((object) => ({ object, source: "the API" })));
  let cluster: Cluster = { ...objects, certificates: "unknown" };
  const first = await measure("first", cluster);
  const changes: Cost[] = [];
  for (let index = 0; index < CHANGES; index++) {
    cluster = changeIngress(cluster, index);
    changes.push(await measure("one changed Ingress", cluster));
  }
  return [first, changes.toSorted((a, b) => a["CPU ms"] - b["CPU ms"])[CHANGES >> 1] ?? first];
}

/** Returns Ingresses in 100 namespaces, because a namespace has a quota. */
function buildObjects(hosts: number): object[] {
  const services = Array.from({ length: SERVICE_COUNT }, (_, index) =>
    inNamespace(buildServiceManifest(`service-${index}`, [`203.0.113.${index % 250}`]), index),
  );
  const ingresses = Array.from({ length: hosts }, (_, index) => {
    const paths = PATHS.map((path, number) => [path, `service-${(index + number * NAMESPACES) % SERVICE_COUNT}`]);
    return inNamespace(
      buildIngressManifest(`ingress-${index}`, `host-${index}.example.com`, Object.fromEntries(paths)),
      index,
    );
  });
  return [...services, ...ingresses];
}

function inNamespace(object: object, index: number): object {
  const { metadata } = object as { readonly metadata: object };
  return { ...object, metadata: { ...metadata, namespace: `team-${index % NAMESPACES}` } };
}

/** Sets a request limit that no Ingress has yet. */
function changeIngress(cluster: Cluster, index: number): Cluster {
  const target = (index * 37) % cluster.ingresses.length;
  const change = (ingress: Ingress): Ingress => ({
    ...ingress,
    annotations: { ...ingress.annotations, "nginx.ingress.kubernetes.io/limit-rpm": String(100 + index) },
  });
  return {
    ...cluster,
    ingresses: cluster.ingresses.map((ingress, position) => (position === target ? change(ingress) : ingress)),
  };
}
