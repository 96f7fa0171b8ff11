import { type Sleep, sleep } from "../runtime/sleep.ts";

/** Time, as a value, so that tests hold it in hand. */
export interface Clock {
  /** Monotonic milliseconds: they never jump, and go on while the process is suspended (not while the whole machine is). */
  now(): number;
  /** The time of day, for people to read. Nothing is decided by it. */
  today(): Date;
  readonly sleep: Sleep;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  today: () => new Date(),
  sleep,
};
