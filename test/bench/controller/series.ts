import type { KubernetesClient } from "../../../sync/kubernetes/client.ts";
import type { LocalAccount } from "../../../sync/local/account/account.ts";
import type { BenchCluster } from "./clusters.ts";
import type { BenchJob } from "./job.ts";
import { namespaceOf } from "./objects.ts";

const IDLE_MS = 1000;
const SYNCS_METRIC = "edgress_syncs_total";
const KV_WRITES_METRIC = "edgress_kv_writes_total";
const KV_BYTES_METRIC = "edgress_kv_written_bytes_total";
// Not of a round: they come however little happens.
const BACKGROUND_REQUESTS = /^WATCH |leases$/;

export interface BenchSetup {
  readonly cluster: BenchCluster;
  readonly account: LocalAccount;
  readonly job: BenchJob;
  readonly firstSyncCpuMs: number; // ms of CPU from the start until the first generation
  readonly idleCpuMsPerSecond: number; // ms of CPU a second
  readonly syncCount: number;
}

/** What a second costs in which there is no round, in ms of CPU. */
export async function measureIdleCost(job: BenchJob): Promise<number> {
  const samples: number[] = [];
  for (let index = 0; index < 5; index++) {
    await waitForNextSync(job);
    const [startedAt, cpuBefore] = [performance.now(), job.readCpuMs()];
    await job.pollFor(IDLE_MS);
    samples.push(((job.readCpuMs() - cpuBefore) / (performance.now() - startedAt)) * 1000);
  }
  return median(samples);
}

/** Prints what rounds cost: each is brought about by `change`, or comes by itself where that does nothing. */
export async function printSeries(
  label: string,
  setup: BenchSetup,
  change: (index: number) => Promise<unknown>,
): Promise<void> {
  const { job, syncCount } = setup;
  await waitForNextSync(job);
  const countersBefore = await readCounters(setup);
  const costs: number[] = [];
  const waits: number[] = [];
  for (let index = 0; index < syncCount; index++) {
    const [startedAt, cpuBefore] = [performance.now(), job.readCpuMs()];
    await change(index);
    await waitForNextSync(job);
    const elapsed = performance.now() - startedAt;
    waits.push(elapsed);
    costs.push(job.readCpuMs() - cpuBefore - (setup.idleCpuMsPerSecond * elapsed) / 1000);
  }
  const countersAfter = await readCounters(setup);
  const formatPerSync = (total: number) => (total / (countersAfter.syncs - countersBefore.syncs)).toFixed(1);
  const cost = `${median(costs).toFixed(0)} ms CPU (${Math.min(...costs).toFixed(0)} to ${Math.max(...costs).toFixed(0)})`;
  const share = ((100 * median(costs)) / setup.firstSyncCpuMs).toFixed(1);
  console.log(`${label}: ${cost} a round, ${share} % of the first, done after ${(median(waits) / 1000).toFixed(1)} s`);
  const bytes = formatPerSync((countersAfter.bytes - countersBefore.bytes) / 1000);
  console.log(
    `  a round: ${formatPerSync(countersAfter.writes - countersBefore.writes)} keys of ${bytes} kB written to KV`,
  );
  console.log(
    `  a round: requests to the account: ${formatCounts(countersBefore.account, countersAfter.account, formatPerSync)}`,
  );
  console.log(
    `  a round: requests to the API server: ${formatCounts(countersBefore.requests, countersAfter.requests, formatPerSync)}`,
  );
}

/** A request limit that no Ingress had yet. */
export function changeIngress(api: KubernetesClient, index: number): Promise<unknown> {
  const position = index * 37 + 1;
  const path = `/apis/networking.k8s.io/v1/namespaces/${namespaceOf(position)}/ingresses/ingress-${position}`;
  const annotations = { "nginx.ingress.kubernetes.io/limit-rpm": String(100 + index) };
  return api.patch(path, { metadata: { annotations } });
}

/** Another address, which has a DNS record already. */
export function changeService(api: KubernetesClient, index: number): Promise<unknown> {
  const position = index * 41 + 2;
  const path = `/api/v1/namespaces/${namespaceOf(position)}/services/service-${position}`;
  return api.patch(path, { spec: { externalIPs: [`203.0.113.${index + 200}`] } });
}

async function waitForNextSync(job: BenchJob): Promise<void> {
  await job.waitForMetric(SYNCS_METRIC, ((await job.metric(SYNCS_METRIC)) ?? 0) + 1);
}

async function readCounters({ cluster, account, job }: BenchSetup) {
  const counts: Record<string, number> = {};
  for (const { method, path } of account.requests) {
    const kind = `${method} ${/\/(values|bulk|keys|dns_records|zones)\b/.exec(path)?.[1] ?? "other"}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return {
    syncs: (await job.metric(SYNCS_METRIC)) ?? 0,
    writes: (await job.metric(KV_WRITES_METRIC)) ?? 0,
    bytes: (await job.metric(KV_BYTES_METRIC)) ?? 0,
    account: counts,
    requests: await cluster.countRequests(),
  };
}

type Counts = Readonly<Record<string, number>>;

function formatCounts(
  before: Counts = {},
  after: Counts | undefined,
  formatPerSync: (total: number) => string,
): string {
  if (!after) return "not counted";
  const increases = Object.entries(after).map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const);
  const visibleIncreases = increases.filter(([kind, count]) => count > 0 && !BACKGROUND_REQUESTS.test(kind));
  return visibleIncreases.map(([kind, count]) => `${formatPerSync(count)} ${kind}`).join(", ") || "none";
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
