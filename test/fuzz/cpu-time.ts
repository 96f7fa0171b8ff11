/** Factor of a slow machine. A decision that is too slow takes many times as long. */
const SLOWNESS = 3;
/** Time of CPU that one decision of the edge may take: 5 ms. */
const MAX_DECISION_MS = 5 * SLOWNESS;
/** A slow measurement is repeated, because a garbage collection or a compilation may fall into it. */
const MAX_MEASUREMENTS = 5;

/** Returns the value of `decide`. Throws if each of 5 calls takes over `maxMs` of this thread's CPU. */
export function assertFast<T>(subject: string, decide: () => T, maxMs = MAX_DECISION_MS): T {
  let fastestMs = Number.POSITIVE_INFINITY;
  for (let measurement = 0; measurement < MAX_MEASUREMENTS; measurement++) {
    const before = process.threadCpuUsage();
    const value = decide();
    const { user, system } = process.threadCpuUsage(before);
    fastestMs = Math.min(fastestMs, (user + system) / 1000);
    if (fastestMs <= maxMs) return value;
  }
  throw new Error(`${subject} took ${fastestMs.toFixed(1)} ms of CPU, more than ${maxMs}`);
}
