import assert from "node:assert/strict";
import { type BenchBar, checkBar } from "../report.ts";
import type { Candidate, Decide } from "./candidates.ts";
import { buildRequests } from "./workload.ts";

const RATIO_LIMITS = new Map([
  [100, 2],
  [10_000, 1],
]);

const REQUESTS = 20_000;

/** The cost of a decision of one matcher, in ns of CPU. */
export interface Timing {
  readonly name: string;
  readonly isPeer: boolean;
  readonly lowest: number;
  readonly median: number;
  readonly buildMs: number;
  readonly heapMb: number;
}

/** Measures all matchers in turns on the same requests, after each has found the right route of every request. */
export function compareCandidates(
  candidates: readonly Candidate[],
  hosts: number,
  rounds: number,
  buildWorkload = buildRequests,
): Timing[] {
  const requests = buildWorkload(REQUESTS, hosts);
  const built = candidates
    .filter(({ maxHosts }) => hosts <= maxHosts)
    .map((candidate) => ({ ...candidate, ...buildMeasured(candidate, hosts), times: [] as number[] }));
  for (const { name, decide } of built)
    for (const request of requests) {
      const decision = decide(request);
      const found = typeof decision === "object" ? decision.route.id : decision;
      assert.equal(found, request.route, `${name}: ${request.host}${request.path}`);
    }
  for (let round = 0; round < rounds; round++) {
    for (const { decide, times } of built)
      times.push(measureCpu(() => requests.forEach((request) => void decide(request))) / requests.length);
  }
  return built.map(({ times, decide: _, build: __, ...rest }) => ({ ...rest, ...summarize(times) }));
}

function buildMeasured({ build }: Candidate, hosts: number): { decide: Decide; buildMs: number; heapMb: number } {
  globalThis.gc?.();
  const [startedAt, heapBefore] = [performance.now(), process.memoryUsage().heapUsed];
  const decide = build(hosts);
  const buildMs = performance.now() - startedAt;
  globalThis.gc?.();
  return { decide, buildMs, heapMb: (process.memoryUsage().heapUsed - heapBefore) / 1e6 };
}

/**
 * Returns the bars of a number of hosts. The slower of the product's matchers must be as fast as the fastest peer at 10,000
 * hosts. At 100 it may take twice the time, because it also normalizes host and path.
 */
export function checkPeerBars(hosts: number, rows: readonly Timing[]): BenchBar[] {
  const limit = RATIO_LIMITS.get(hosts);
  return limit === undefined ? [] : [checkBar(`${hosts} hosts, to the fastest peer`, compareToPeers(rows), limit, "×")];
}

function compareToPeers(rows: readonly Timing[]): number {
  const lowest = (isPeer: boolean) => rows.filter((row) => row.isPeer === isPeer).map((row) => row.lowest);
  return Math.max(...lowest(false)) / Math.min(...lowest(true));
}

export function formatTimings(rows: readonly Timing[]) {
  return rows.map(({ name, lowest, median, buildMs, heapMb }) => ({
    matcher: name,
    "lowest ns": Math.round(lowest),
    "median ns": Math.round(median),
    "build ms": Math.round(buildMs),
    "heap MB": Math.round(heapMb * 10) / 10,
  }));
}

/** Returns the ns of CPU of this process. */
export function measureCpu(act: () => void): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000;
}

/** Returns the lowest value and the median. */
export function summarize(values: readonly number[]): { readonly lowest: number; readonly median: number } {
  const sorted = values.toSorted((a, b) => a - b);
  return { lowest: sorted[0] ?? Number.NaN, median: sorted[sorted.length >> 1] ?? Number.NaN };
}
