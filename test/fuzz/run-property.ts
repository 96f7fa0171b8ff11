import fc from "fast-check";
import type { FuzzProperty } from "./target.ts";

const MAX_RUNS = 0x7fff_ffff;
/** Time to find a smaller input, after the time of the search. */
const SHRINK_MS = 20_000;

export interface SearchOptions {
  readonly seed: number;
  readonly milliseconds: number;
  /** The path of a failure, to run only its input. */
  readonly path?: string | undefined;
}

export interface SearchResult {
  readonly name: string;
  readonly inputs: number;
  readonly milliseconds: number;
  readonly failure: SearchFailure | undefined;
}

/** The smallest input that was found, and the numbers that find it again. */
export interface SearchFailure {
  readonly seed: number;
  readonly path: string;
  readonly input: string;
  readonly error: string;
}

/** Runs a property with generated inputs until the time is over, or an input violates it. It never rejects. */
export async function searchFailure(
  property: FuzzProperty,
  { seed, milliseconds, path }: SearchOptions,
): Promise<SearchResult> {
  const startedAt = performance.now();
  const found = await check(property, seed, milliseconds, path);
  // The time of the search may end before the input is small.
  const smaller = found.failed ? await check(property, found.seed, SHRINK_MS, found.counterexamplePath) : found;
  const details = smaller.failed ? smaller : found;
  return {
    name: property.name,
    inputs: property.countInputs(),
    milliseconds: performance.now() - startedAt,
    failure: details.failed ? describeFailure(details) : undefined,
  };
}

function check(property: FuzzProperty, seed: number, milliseconds: number, path: string | null | undefined) {
  return Promise.resolve(
    fc.check(property.run, {
      seed,
      ...(path ? { path } : {}),
      numRuns: MAX_RUNS,
      interruptAfterTimeLimit: milliseconds,
      markInterruptAsFailure: false,
    }),
  );
}

function describeFailure({ seed, counterexamplePath, counterexample, errorInstance }: fc.RunDetails<unknown>) {
  if (counterexample === null) return { seed, path: "", input: "", error: "the time was over before the first input" };
  return {
    seed,
    path: counterexamplePath ?? "",
    input: fc.stringify(Array.isArray(counterexample) ? counterexample[0] : counterexample),
    error: errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance),
  };
}
