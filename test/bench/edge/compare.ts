import { formatRange, median } from "../lab/cpu.ts";
import { type LoadSlice, type LoadTarget, runSlice } from "../lab/load.ts";
import type { Lab } from "../lab/processes.ts";

const MAX_WARM_SECONDS = 12;

/** A server that is compared with the first one. */
export interface Side {
  readonly name: string;
  readonly target: LoadTarget;
}

export interface RoundOptions {
  readonly warmSeconds: number;
  readonly slices: number; // of 1 s, in turns
}

/** The slices of each side in one start of the servers. */
export type Round = ReadonlyMap<string, readonly LoadSlice[]>;

/** Warms the sides up and takes their slices in turns. Throws if a request fails. */
export async function runRound(
  lab: Lab,
  sides: readonly Side[],
  { warmSeconds, slices }: RoundOptions,
): Promise<Round> {
  const round = new Map<string, LoadSlice[]>();
  for (const { name, target } of sides) {
    await warmUp(lab, target, warmSeconds);
    round.set(name, []);
  }
  for (let index = 0; index < slices; index++) {
    for (const { name, target } of sides) {
      const slice = await runSlice(lab, target, 1);
      if (slice.failures > 0) throw new Error(`${name}: ${slice.failures} of ${slice.requests} requests failed`);
      round.get(name)?.push(slice);
    }
  }
  return round;
}

/** Sends each request of the script at least once. A slow machine needs several runs, because each begins with the first one. */
async function warmUp(lab: Lab, target: LoadTarget, warmSeconds: number): Promise<void> {
  for (let seconds = warmSeconds; seconds <= MAX_WARM_SECONDS; seconds *= 2) {
    const { requests } = await runSlice(lab, target, seconds, 0);
    if (requests >= (target.length ?? 0)) return;
  }
}

/** The figures of one side over all rounds. */
export interface Comparison {
  readonly name: string;
  readonly ratios: readonly number[]; // to the first side, one a round
  readonly row: Readonly<Record<string, string | number>>;
}

/** Compares the CPU time for each request with that of the first side of the same round. */
export function compareRounds(rounds: readonly Round[], title: string): Comparison[] {
  const [base = "", ...others] = rounds[0]?.keys() ?? [];
  return [base, ...others].map((name) => {
    const costs = rounds.map((round) => costOf(round.get(name) ?? []));
    const ratios = costs.map((cost, index) => cost / costOf(rounds[index]?.get(base) ?? []));
    const slices = rounds.flatMap((round) => round.get(name) ?? []);
    const medianOf = (pick: (slice: LoadSlice) => number) => median(slices.map(pick));
    const row = {
      [title]: name,
      "µs a request (lowest)": `${median(costs).toFixed(0)} (${Math.min(...costs).toFixed(0)})`,
      [`of ${base}`]: name === base ? "1" : formatRange(ratios),
      "requests a second": Math.round(medianOf(({ requestsPerSecond }) => requestsPerSecond)),
      "p50 ms": medianOf(({ p50Ms }) => p50Ms).toFixed(2),
      "p99 ms": medianOf(({ p99Ms }) => p99Ms).toFixed(1),
    };
    return { name, ratios, row };
  });
}

/** Returns the median ratio of a side; NaN if it was not measured. */
export function findRatio(comparisons: readonly Comparison[], name: string): number {
  return median(comparisons.find((comparison) => comparison.name === name)?.ratios ?? []);
}

/** Returns µs of CPU for each request. */
function costOf(slices: readonly LoadSlice[]): number {
  const sum = (pick: (slice: LoadSlice) => number) => slices.reduce((total, slice) => total + pick(slice), 0);
  return sum(({ cpuMicroseconds }) => cpuMicroseconds) / sum(({ requests }) => requests);
}
