import { type Sleep, sleep } from "../runtime/sleep.ts";

/** Time as a value, so that tests can control it. */
export interface Clock {
  /** Returns monotonic milliseconds. They continue while the process is suspended, but not while the machine is. */
  now(): number;
  /** Returns the time of day, for people to read. No decision depends on it. */
  today(): Date;
  readonly sleep: Sleep;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  today: () => new Date(),
  sleep,
};
