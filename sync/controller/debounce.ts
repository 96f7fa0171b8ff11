import type { Sleep } from "../runtime/sleep.ts";

/** How long to wait for quiet after a change, and how long at most, in ms. */
export interface Debounce {
  readonly quietMs: number;
  readonly maxMs: number;
}

/** When changes came, in ms of a monotonic clock. */
export interface PendingChanges {
  readonly firstChange: number;
  readonly lastChange: number;
  /** One of them cannot wait. */
  readonly immediate: boolean;
}

/** How long to go on holding off, in ms. Zero: go now. */
export function debounceDelay(
  { quietMs, maxMs }: Debounce,
  { firstChange, lastChange, immediate }: PendingChanges,
  now: number,
): number {
  if (immediate) return 0;
  return Math.max(0, Math.min(lastChange + quietMs, firstChange + maxMs) - now);
}

/** Rung by changes, awaited by the loop. */
export interface Trigger {
  fire(timing?: "immediate"): void;
  /**
   * Resolves with true when changes have come and enough time has passed since, and forgets them: what rings later is for
   * the next time. Resolves with false when nothing came for `restMs`, or at `ended`.
   */
  waitForChanges(debounce: Debounce, timeoutMs: number, signal: AbortSignal): Promise<boolean>;
}

export function createTrigger(now: () => number, sleep: Sleep): Trigger {
  let pendingChanges: PendingChanges | undefined;
  let wake = () => {};
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
      const startedAt = now();
      while (!signal.aborted) {
        const remainingMs = pendingChanges
          ? debounceDelay(debounce, pendingChanges, now())
          : startedAt + timeoutMs - now();
        if (remainingMs <= 0) {
          const hasChanges = pendingChanges !== undefined;
          pendingChanges = undefined;
          return hasChanges;
        }
        const wakeController = new AbortController();
        wake = () => wakeController.abort();
        await sleep(remainingMs, AbortSignal.any([signal, wakeController.signal]));
      }
      return false;
    },
  };
}
