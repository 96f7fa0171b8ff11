import type { Alarm, HoldOff } from "./hold-off.ts";
import { type Job, START, type State, step } from "./job.ts";

const BACK_OFF_MS = 2000;
const MOST_BACK_OFF_MS = 60_000;

export interface Times extends HoldOff {
  /** After so long without a change, what is published is looked at all the same. */
  readonly restMs: number;
}

/** Told as rounds begin and end. */
export interface Progress {
  readonly began: () => void;
  readonly ended: (state: State) => void;
}

/** Rounds, one after the other, each when changes have come and it has been quiet, until `ended`; the one in hand is finished. */
export async function loop(
  job: Job,
  alarm: Alarm,
  times: Times,
  progress: Progress,
  ended: AbortSignal,
): Promise<void> {
  for (let state = START; ; ) {
    await alarm.rung(heldOff(times, state.failures), times.restMs, ended);
    if (ended.aborted) return;
    progress.began();
    state = await step(job, state);
    progress.ended(state);
    if (state.failures > 0) alarm.ring();
  }
}

/** After failures the next round waits longer, whatever changes: two seconds, doubled with each, a minute at most. */
export function heldOff({ quietMs, mostMs }: HoldOff, failures: number): HoldOff {
  const backOff = failures === 0 ? 0 : Math.min(MOST_BACK_OFF_MS, BACK_OFF_MS * 2 ** (failures - 1));
  return { quietMs: Math.max(quietMs, backOff), mostMs: Math.max(mostMs, backOff) };
}
