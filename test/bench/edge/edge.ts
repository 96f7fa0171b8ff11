import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundleWorker } from "../../../sync/runtime/bundle-worker.ts";
import { writeLoadScript } from "../lab/load.ts";
import { startNginxOrigin } from "../lab/nginx-origin.ts";
import { Lab, listMissing } from "../lab/processes.ts";
import { writeSnapshot } from "../lab/publish-snapshot.ts";
import { BARE_SCRIPT, type LabWorker, startRawWorkerd } from "../lab/workerd.ts";
import { buildWorkload, listRequests, type WorkloadOptions } from "../lab/workload.ts";
import { type BenchBar, type BenchTable, checkBar, createReport, finishBench, readBenchFlags } from "../report.ts";
import { type Comparison, compareRounds, findRatio, type Round, runRound, type Side } from "./compare.ts";
import { type Peer, startHaproxyPeer, startNginxPeer } from "./peers.ts";
import { measureSteps } from "./steps.ts";

// CPU time of workerd for each request: the bundled Worker against a Worker that passes requests on, in one workerd, and
// nginx and haproxy with the same origin and load. --only sizes, policies, steps or peers measures one part.

const flags = readBenchFlags();
const { values } = parseArgs({ strict: false, options: { only: { type: "string" } } });
const BARE = "bare Worker";
const [SMALL, LARGE] = flags.quick ? [10, 1000] : [10, 100_000];
const SIZES = flags.quick ? [SMALL, LARGE] : [SMALL, 1000, 10_000, LARGE];
const POLICY_HOSTS = flags.quick ? 100 : 1000;
const USUAL_POLICIES = ["rewrite", "cors", "allow list", "basic auth", "canary", "usual"] as const;
const POLICIES = flags.quick
  ? (["usual", "all"] as const)
  : (["none", ...USUAL_POLICIES, "all", "all with limits"] as const);
const PEER_SIZES = flags.quick ? [10] : [10, 10_000];
const ROUND = flags.quick ? { warmSeconds: 1, slices: 1 } : { warmSeconds: 3, slices: 3 };
const SPARE_SECONDS = 100;
const STARTS = flags.quick ? 1 : 4;

/** A Worker of the comparison and its workload. */
interface Variant extends WorkloadOptions {
  readonly name: string;
  readonly accessLog: boolean; // and metrics
}

const missing = listMissing(["nginx", "haproxy", "wrk"]);
const isMissing = (name: string) => missing.some(({ program }) => program === name);
const lab = new Lab(flags.quick ? 0 : SPARE_SECONDS);
try {
  const parts = isMissing("wrk") || isMissing("nginx") ? [] : await measure();
  const missingTable = { title: "Missing programs", rows: missing };
  const tables = [...parts.map(({ table }) => table), ...(missing.length > 0 ? [missingTable] : [])];
  finishBench(createReport("edge", tables, flags.quick ? [] : parts.flatMap(({ bars }) => bars)), flags);
} finally {
  await lab.close();
}

interface Part {
  readonly table: BenchTable;
  readonly bars: readonly BenchBar[];
}

async function measure(): Promise<Part[]> {
  const originPort = await startNginxOrigin(lab);
  const script = await bundleWorker(fileURLToPath(new URL("../../../src/index.ts", import.meta.url)), { minify: true });
  const measurePlatform = async () => ({
    table: await measureSteps(lab, originPort, { ...ROUND, starts: STARTS }),
    bars: [],
  });
  const parts = { sizes: measureSizes, policies: measurePolicies, steps: measurePlatform, peers: measurePeers };
  const results: Part[] = [];
  for (const [name, run] of Object.entries(parts))
    if (values.only === undefined || values.only === name) results.push(await run(originPort, script));
  return results;
}

async function measureSizes(originPort: number, script: string): Promise<Part> {
  const nameOf = (hosts: number, accessLog: boolean) =>
    `${hosts.toLocaleString("en-US")} hosts, ${accessLog ? "access line and metrics" : "neither line nor metrics"}`;
  const variants = SIZES.flatMap((hosts) =>
    [false, true].map((accessLog) => ({ name: nameOf(hosts, accessLog), hosts, accessLog, policies: "none" as const })),
  );
  const comparisons = await compareVariants(variants, originPort, script);
  const growth = (accessLog: boolean) => {
    const [small, large] = [SMALL, LARGE].map((hosts) => findRatio(comparisons, nameOf(hosts, accessLog)));
    return Math.abs((large ?? Number.NaN) / (small ?? Number.NaN) - 1) * 100;
  };
  return {
    table: { title: "CPU time of workerd by number of hosts", rows: comparisons.map(({ row }) => row) },
    bars: [
      ...variants.map(({ name, accessLog }) =>
        checkBar(name, findRatio(comparisons, name), accessLog ? 1.3 : 1.15, "× bare"),
      ),
      checkBar("100,000 hosts against 10, without line and metrics", growth(false), 10, "% apart"),
      checkBar("100,000 hosts against 10, with line and metrics", growth(true), 10, "% apart"),
    ],
  };
}

async function measurePolicies(originPort: number, script: string): Promise<Part> {
  const variants = POLICIES.map((policies) => ({ name: policies, hosts: POLICY_HOSTS, accessLog: true, policies }));
  const comparisons = await compareVariants(variants, originPort, script);
  return {
    table: {
      title: "CPU time of workerd by policies, with access line and metrics",
      rows: comparisons.map(({ row }) => row),
    },
    bars: [
      ...USUAL_POLICIES.map((name) => checkBar(name, findRatio(comparisons, name), 1.5, "× bare")),
      checkBar("all", findRatio(comparisons, "all"), 1.8, "× bare"),
    ],
  };
}

/** Compares Workers in several starts of workerd, each in another order, because compiled code differs between starts. */
async function compareVariants(
  variants: readonly Variant[],
  originPort: number,
  script: string,
): Promise<Comparison[]> {
  const snapshots = await publishWorkloads(variants);
  const workers: LabWorker[] = [
    { name: BARE, script: BARE_SCRIPT },
    ...variants.map((variant) => ({
      script,
      name: variant.name,
      metrics: variant.accessLog,
      ...snapshots.find(variant),
    })),
  ];
  const kvPort = await lab.fork("kv-process.ts", snapshots.files);
  const writeScript = ({ hosts, accessLog }: Variant) => {
    const requests = listRequests(hosts, accessLog);
    return { script: writeLoadScript(lab, `load-${hosts}-${accessLog}`, requests), length: requests.length };
  };
  const scripts = new Map(variants.map((variant) => [variant.name, writeScript(variant)]));
  const [bareScript = { script: "", length: 0 }] = scripts.values();
  const rounds: Round[] = [];
  for (let start = 0; start < STARTS; start++) {
    const order = workers.map(
      (_, index) =>
        workers[(index * (start % 2 === 0 ? 1 : -1) + start * 2 + workers.length * 2) % workers.length] as LabWorker,
    );
    const named = order.map((worker) => ({
      ...worker,
      name: `w${workers.findIndex(({ name }) => name === worker.name)}`,
    }));
    const { child, pid, portOf } = await startRawWorkerd(lab, named, { originPort, kvPort });
    const sides = order.map(({ name }, index): Side => {
      const port = portOf(named[index]?.name ?? "");
      return { name, target: { pid, port, ...(scripts.get(name) ?? bareScript) } };
    });
    const round = await runRound(lab, sides, ROUND);
    rounds.push(new Map(workers.map(({ name }) => [name, round.get(name) ?? []])));
    await lab.stop(child);
  }
  return compareRounds(rounds, "Worker");
}

/** Publishes each workload once. */
async function publishWorkloads(variants: readonly Variant[]) {
  const keyOf = ({ hosts, policies }: WorkloadOptions) => `s-${hosts}-${policies.replaceAll(" ", "-")}`;
  const variables = new Map<string, Readonly<Record<string, string>>>();
  for (const variant of variants) {
    const space = keyOf(variant);
    if (!variables.has(space))
      variables.set(space, await writeSnapshot(buildWorkload(variant), join(lab.folder, `${space}.json`)));
  }
  return {
    files: [...variables.keys()].map((space) => `${space}=${join(lab.folder, `${space}.json`)}`),
    find: (variant: Variant) => ({ space: keyOf(variant), variables: variables.get(keyOf(variant)) ?? {} }),
  };
}

async function measurePeers(originPort: number): Promise<Part> {
  const { pid, portOf } = await startRawWorkerd(lab, [{ name: "bare", script: BARE_SCRIPT }], { originPort });
  const sides: Side[] = [];
  for (const hosts of PEER_SIZES) {
    const script = writeLoadScript(lab, `peers-${hosts}`, listRequests(hosts, true));
    const add = (name: string, peer: Peer) => sides.push({ name, target: { ...peer, script } });
    if (sides.length === 0) add(BARE, { pid, port: portOf("bare") });
    add(`nginx, ${hosts} hosts`, await startNginxPeer(lab, hosts, originPort));
    if (!isMissing("haproxy")) add(`haproxy, ${hosts} hosts`, await startHaproxyPeer(lab, hosts, originPort));
  }
  const comparisons = compareRounds([await runRound(lab, sides, { ...ROUND, slices: ROUND.slices * 2 })], "server");
  return {
    table: { title: "CPU time of nginx and haproxy on the same load", rows: comparisons.map(({ row }) => row) },
    bars: [],
  };
}
