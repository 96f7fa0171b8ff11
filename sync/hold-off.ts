/** How long to wait for quiet after a change, and how long at most, in ms. */
export interface HoldOff {
  readonly quietMs: number;
  readonly mostMs: number;
}

/** When changes came, in ms of a monotonic clock. */
export interface Rung {
  readonly first: number;
  readonly last: number;
  /** One of them cannot wait. */
  readonly isUrgent: boolean;
}

/** How long to go on holding off, in ms. Zero: go now. */
export function holdOff({ quietMs, mostMs }: HoldOff, { first, last, isUrgent }: Rung, now: number): number {
  if (isUrgent) return 0;
  return Math.max(0, Math.min(last + quietMs, first + mostMs) - now);
}

/** Rung by changes, awaited by the loop. */
export interface Alarm {
  ring(urgency?: "urgent"): void;
  /**
   * Resolves with true when changes have come and enough time has passed since, and forgets them: what rings later is for
   * the next time. Resolves with false when nothing came for `restMs`, or at `ended`.
   */
  rung(times: HoldOff, restMs: number, ended: AbortSignal): Promise<boolean>;
}

/** Waits so many ms, or until aborted. It never rejects. */
export type Wait = (ms: number, ended: AbortSignal) => Promise<void>;

export function alarmOf(now: () => number, wait: Wait): Alarm {
  let rung: Rung | undefined;
  let wake = () => {};
  return {
    ring(urgency) {
      const at = now();
      rung = { first: rung?.first ?? at, last: at, isUrgent: urgency === "urgent" || rung?.isUrgent === true };
      wake();
    },
    async rung(times, restMs, ended) {
      const began = now();
      while (!ended.aborted) {
        const left = rung ? holdOff(times, rung, now()) : began + restMs - now();
        if (left <= 0) {
          const isRung = rung !== undefined;
          rung = undefined;
          return isRung;
        }
        const woken = new AbortController();
        wake = () => woken.abort();
        await wait(left, AbortSignal.any([ended, woken.signal]));
      }
      return false;
    },
  };
}
