import { createHistogram, type Histogram } from "./histogram.ts";

/** An answer that is not allowed, or that never came. */
export interface Failure {
  readonly at: number; // Unix ms
  readonly verdict: "wrong" | "missing";
  readonly load: string;
  readonly request: string;
  readonly expected: string;
  readonly got: string;
}

/** The counts of one kind of load. */
export interface LoadRow {
  readonly load: string;
  readonly requests: number;
  readonly ok: number;
  readonly wrong: number;
  readonly missing: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The account book of a run: each answer is ok, wrong or missing. */
export interface Ledger {
  readonly failures: readonly Failure[];
  addOk(load: string, ms: number): void;
  addFailure(failure: Failure): void;
  rows(): LoadRow[];
}

interface Counts {
  readonly durations: Histogram;
  ok: number;
  wrong: number;
  missing: number;
}

const MAX_FAILURES = 1000;

export function createLedger(): Ledger {
  const loads = new Map<string, Counts>();
  const failures: Failure[] = [];
  const countsOf = (load: string): Counts => {
    const counts = loads.get(load) ?? { durations: createHistogram(), ok: 0, wrong: 0, missing: 0 };
    loads.set(load, counts);
    return counts;
  };
  return {
    failures,
    addOk(load, ms) {
      const counts = countsOf(load);
      counts.ok += 1;
      counts.durations.add(ms);
    },
    addFailure(failure) {
      countsOf(failure.load)[failure.verdict] += 1;
      if (failures.length < MAX_FAILURES) failures.push(failure);
    },
    rows: () =>
      [...loads].map(([load, { durations, ok, wrong, missing }]) => ({
        load,
        requests: ok + wrong + missing,
        ok,
        wrong,
        missing,
        p50Ms: durations.quantile(0.5),
        p99Ms: durations.quantile(0.99),
      })),
  };
}
