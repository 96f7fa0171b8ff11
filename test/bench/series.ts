import type { LocalAccount } from "../../sync/dev/account.ts";
import type { Api } from "../../sync/kubernetes/api.ts";
import type { BenchCluster } from "./clusters.ts";
import type { RunningJob } from "./job.ts";
import { namespaceOf } from "./objects.ts";

const IDLE_MS = 1000;
const ROUNDS = "edgress_rounds_total";
const WRITES = "edgress_kv_writes_total";
const BYTES = "edgress_kv_written_bytes_total";
// Not of a round: they come however little happens.
const STANDING = /^WATCH |leases$/;

export interface Place {
  readonly cluster: BenchCluster;
  readonly account: LocalAccount;
  readonly job: RunningJob;
  readonly full: number; // ms of CPU from the start until the first generation
  readonly idle: number; // ms of CPU a second
  readonly rounds: number;
}

/** What a second costs in which there is no round, in ms of CPU. */
export async function idleCost(job: RunningJob): Promise<number> {
  const samples: number[] = [];
  for (let index = 0; index < 5; index++) {
    await nextRound(job);
    const [began, before] = [performance.now(), job.cpu()];
    await job.lookFor(IDLE_MS);
    samples.push(((job.cpu() - before) / (performance.now() - began)) * 1000);
  }
  return median(samples);
}

/** Prints what rounds cost: each is brought about by `act`, or comes by itself where that does nothing. */
export async function series(what: string, place: Place, act: (index: number) => Promise<unknown>): Promise<void> {
  const { job, rounds } = place;
  await nextRound(job);
  const before = await standing(place);
  const costs: number[] = [];
  const waits: number[] = [];
  for (let index = 0; index < rounds; index++) {
    const [began, cpu] = [performance.now(), job.cpu()];
    await act(index);
    await nextRound(job);
    const elapsed = performance.now() - began;
    waits.push(elapsed);
    costs.push(job.cpu() - cpu - (place.idle * elapsed) / 1000);
  }
  const after = await standing(place);
  const each = (total: number) => (total / (after.rounds - before.rounds)).toFixed(1);
  const cost = `${median(costs).toFixed(0)} ms CPU (${Math.min(...costs).toFixed(0)} to ${Math.max(...costs).toFixed(0)})`;
  const share = ((100 * median(costs)) / place.full).toFixed(1);
  console.log(`${what}: ${cost} a round, ${share} % of the first, done after ${(median(waits) / 1000).toFixed(1)} s`);
  const bytes = each((after.bytes - before.bytes) / 1000);
  console.log(`  a round: ${each(after.writes - before.writes)} keys of ${bytes} kB written to KV`);
  console.log(`  a round: requests to the account: ${shownOf(before.account, after.account, each)}`);
  console.log(`  a round: requests to the API server: ${shownOf(before.requests, after.requests, each)}`);
}

/** A request limit that no Ingress had yet. */
export function changeIngress(api: Api, index: number): Promise<unknown> {
  const at = index * 37 + 1;
  const path = `/apis/networking.k8s.io/v1/namespaces/${namespaceOf(at)}/ingresses/ingress-${at}`;
  const annotations = { "nginx.ingress.kubernetes.io/limit-rpm": String(100 + index) };
  return api.patch(path, { metadata: { annotations } });
}

/** Another address, which has a DNS record already. */
export function changeService(api: Api, index: number): Promise<unknown> {
  const at = index * 41 + 2;
  const path = `/api/v1/namespaces/${namespaceOf(at)}/services/service-${at}`;
  return api.patch(path, { spec: { externalIPs: [`203.0.113.${index + 200}`] } });
}

async function nextRound(job: RunningJob): Promise<void> {
  await job.until(ROUNDS, ((await job.metric(ROUNDS)) ?? 0) + 1);
}

async function standing({ cluster, account, job }: Place) {
  const counts: Record<string, number> = {};
  for (const { method, path } of account.requests) {
    const kind = `${method} ${/\/(values|bulk|keys|dns_records|zones)\b/.exec(path)?.[1] ?? "other"}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return {
    rounds: (await job.metric(ROUNDS)) ?? 0,
    writes: (await job.metric(WRITES)) ?? 0,
    bytes: (await job.metric(BYTES)) ?? 0,
    account: counts,
    requests: await cluster.requests(),
  };
}

type Counts = Readonly<Record<string, number>>;

function shownOf(before: Counts = {}, after: Counts | undefined, each: (total: number) => string): string {
  if (!after) return "not counted";
  const grown = Object.entries(after).map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const);
  const some = grown.filter(([kind, count]) => count > 0 && !STANDING.test(kind));
  return some.map(([kind, count]) => `${each(count)} ${kind}`).join(", ") || "none";
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
