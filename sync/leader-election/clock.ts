import { setTimeout as sleep } from "node:timers/promises";

/** Time, as a value, so that tests hold it in hand. */
export interface Clock {
  /** Monotonic milliseconds: they never jump, and go on while the process is suspended (not while the whole machine is). */
  now(): number;
  /** The time of day, for people to read. Nothing is decided by it. */
  today(): Date;
  /** Resolves after `ms`, or at once when `ended` is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  today: () => new Date(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}), // it rejects only where `ended` is aborted
};
