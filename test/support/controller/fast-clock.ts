import type { Clock } from "../../../sync/leader-election/clock.ts";
import { sleep } from "../../../sync/runtime/sleep.ts";

/** Returns a clock that runs `speed` times as fast as the real one. It shortens back-off and Lease times in tests. */
export function createFastClock(speed: number): Clock {
  return {
    now: () => performance.now() * speed,
    today: () => new Date(),
    sleep: (ms, signal) => sleep(ms / speed, signal),
  };
}
