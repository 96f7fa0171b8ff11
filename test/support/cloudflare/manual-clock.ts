import type { ApiClock } from "../../../sync/cloudflare/paced-fetch.ts";

/** A clock whose time passes only while somebody sleeps. It records each sleep. */
export interface ManualClock extends ApiClock {
  readonly sleeps: readonly number[];
  /** Called after each sleep. */
  onSleep: () => void;
}

export function createManualClock(): ManualClock {
  let now = 0;
  const sleeps: number[] = [];
  const clock: ManualClock = {
    sleeps,
    onSleep: () => {},
    now: () => now,
    random: () => 1,
    async sleep(ms) {
      now += ms;
      sleeps.push(Math.round(ms));
      clock.onSleep();
    },
  };
  return clock;
}
