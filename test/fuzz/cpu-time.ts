/** Time of CPU that one decision of the edge may take, on the reference machine of the benchmarks. */
const MAX_DECISION_MS = 5;
/** A slow measurement is repeated, because a garbage collection or a compilation may fall into it. */
const MAX_MEASUREMENTS = 5;

// A regex whose time grows with the square of the text, and what 400 searches take on the reference machine.
const SAMPLE_REGEX = /^.*a.*b$/;
const SAMPLE_TEXT = "a".repeat(1024);
const SAMPLE_COUNT = 400;
const REFERENCE_SAMPLE_MS = 190;
/** The kernel counts the CPU time of a thread in ticks, so that a measurement may be longer by one than the call. */
const TICK_MS = 4;

/** Returns the value of `decide`. Throws if each of 5 calls takes over `maxMs` of this thread's CPU, more on a slow machine. */
export function assertFast<T>(subject: string, decide: () => T, maxMs = MAX_DECISION_MS): T {
  let fastestMs = Number.POSITIVE_INFINITY;
  for (let measurement = 0; measurement < MAX_MEASUREMENTS; measurement++) {
    const { value, cpuMs } = measure(decide);
    fastestMs = Math.min(fastestMs, cpuMs);
    if (fastestMs <= maxMs) return value;
  }
  const limitMs = maxMs * measureSlowness() + TICK_MS;
  if (fastestMs <= limitMs) return decide();
  throw new Error(`${subject} took ${fastestMs.toFixed(1)} ms of CPU, more than ${limitMs.toFixed(1)}`);
}

/** Returns how many times longer than the reference machine this one takes at present, at least 1. */
function measureSlowness(): number {
  const { cpuMs } = measure(() => {
    for (let search = 0; search < SAMPLE_COUNT; search++) SAMPLE_REGEX.test(SAMPLE_TEXT);
  });
  return Math.max(1, cpuMs / REFERENCE_SAMPLE_MS);
}

function measure<T>(act: () => T): { readonly value: T; readonly cpuMs: number } {
  const before = process.threadCpuUsage();
  const value = act();
  const { user, system } = process.threadCpuUsage(before);
  return { value, cpuMs: (user + system) / 1000 };
}
