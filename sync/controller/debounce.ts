import type { Sleep } from "../runtime/sleep.ts";

/** The wait for quiet after a change. */
export interface Debounce {
  readonly quietMs: number;
  readonly maxMs: number; // after the first change
}

/** Changes since the last sync. Times are milliseconds of a monotonic clock. */
export interface PendingChanges {
  readonly firstChange: number;
  readonly lastChange: number;
  /** Whether one of them must be synced without a wait. */
  readonly immediate: boolean;
}

/** Returns the milliseconds to wait before the next sync. Zero: sync now. */
export function debounceDelay(
  { quietMs, maxMs }: Debounce,
  { firstChange, lastChange, immediate }: PendingChanges,
  now: number,
): number {
  if (immediate) return 0;
  return Math.max(0, Math.min(lastChange + quietMs, firstChange + maxMs) - now);
}

/** A signal from watches to the sync loop. */
export interface Trigger {
  /** Records a change. */
  fire(timing?: "immediate"): void;
  /**
   * Resolves with true after a change and its debounce. Later changes belong to the next call. Resolves with false after
   * `timeoutMs` without a change, or when `signal` is aborted.
   */
  waitForChanges(debounce: Debounce, timeoutMs: number, signal: AbortSignal): Promise<boolean>;
  /** Resolves when `waitForChanges` would resolve with true, or when `signal` is aborted. */
  waitUntilDue(debounce: Debounce, signal: AbortSignal): Promise<void>;
}

export function createTrigger(now: () => number, sleep: Sleep): Trigger {
  let pendingChanges: PendingChanges | undefined;
  let wake = () => {};
  /** Resolves after changes and their debounce, after the timeout, or when `signal` is aborted. */
  const wait = async (debounce: Debounce, timeoutMs: number, signal: AbortSignal) => {
    const startedAt = now();
    while (!signal.aborted) {
      const remainingMs = pendingChanges
        ? debounceDelay(debounce, pendingChanges, now())
        : startedAt + timeoutMs - now();
      if (remainingMs <= 0) return;
      const wakeController = new AbortController();
      wake = () => wakeController.abort();
      await sleep(remainingMs, AbortSignal.any([signal, wakeController.signal]));
    }
  };
  return {
    fire(timing) {
      const changedAt = now();
      pendingChanges = {
        firstChange: pendingChanges?.firstChange ?? changedAt,
        lastChange: changedAt,
        immediate: timing === "immediate" || pendingChanges?.immediate === true,
      };
      wake();
    },
    async waitForChanges(debounce, timeoutMs, signal) {
      await wait(debounce, timeoutMs, signal);
      if (signal.aborted) return false;
      const hasChanges = pendingChanges !== undefined;
      pendingChanges = undefined;
      return hasChanges;
    },
    waitUntilDue: (debounce, signal) => wait(debounce, MAX_WAIT_MS, signal),
  };
}

/** The longest time that a timer takes. */
const MAX_WAIT_MS = 2 ** 31 - 1;
