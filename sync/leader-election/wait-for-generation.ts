import type { Sleep } from "../runtime/sleep.ts";

const READ_INTERVAL_MS = 10_000;
/** KV may return an older value for "60 seconds or more". 120 s have passed after these reads. */
const MAX_READS = 13;

interface WaitTools {
  readonly sleep: Sleep;
  readonly log: (line: string) => void;
  /** Throws if this replica is no longer the leader. */
  readonly check: () => void;
}

/**
 * Repeats `read` until its result shows `reserved`, the generation that the last leader was about to publish. Ends after
 * 120 s, because that leader may have crashed before it published: then the result is older. Rejects if `signal` is
 * aborted or the leadership is lost.
 */
export async function readUntilCurrent<T>(
  read: () => Promise<T>,
  generationIn: (value: T) => number,
  reserved: number,
  { sleep, log, check }: WaitTools,
  signal: AbortSignal,
): Promise<T> {
  for (let reads = 1; ; reads++) {
    const value = await read();
    const generation = generationIn(value);
    if (generation >= reserved) return value;
    const fields = `reserved=${reserved} current=${generation}`;
    if (reads === MAX_READS) {
      log(`reserved generation not found in KV ${fields} seconds=120; the next number is above it`);
      return value;
    }
    if (reads === 1) log(`waiting for the reserved generation in KV ${fields}`);
    await sleep(READ_INTERVAL_MS, signal);
    if (signal.aborted) throw new Error(`stopped before KV showed generation ${reserved}`);
    check();
  }
}
