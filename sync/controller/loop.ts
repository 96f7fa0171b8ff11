import type { Debounce, Trigger } from "./debounce.ts";
import { type ControllerDependencies, INITIAL_STATE, type LoopState } from "./loop-state.ts";
import { reconcile } from "./reconcile.ts";

const MIN_BACK_OFF_MS = 2000;
const MAX_BACK_OFF_MS = 60_000;

export interface LoopTimings extends Debounce {
  /** After so long without a change, what is published is looked at all the same. */
  readonly resyncMs: number;
}

/** Told as rounds begin and end. */
export interface LoopListener {
  readonly onSyncStart: () => void;
  readonly onSyncEnd: (state: LoopState) => void;
}

/** Rounds, one after the other, each when changes have come and it has been quiet, until `ended`; the one in hand is finished. */
export async function runLoop(
  dependencies: ControllerDependencies,
  trigger: Trigger,
  timings: LoopTimings,
  listener: LoopListener,
  signal: AbortSignal,
): Promise<void> {
  for (let state = INITIAL_STATE; ; ) {
    await trigger.waitForChanges(withBackOff(timings, state.failures), timings.resyncMs, signal);
    if (signal.aborted) return;
    listener.onSyncStart();
    state = await reconcile(dependencies, state);
    listener.onSyncEnd(state);
    if (state.failures > 0) trigger.fire();
  }
}

/** After failures the next round waits longer, whatever changes: two seconds, doubled with each, a minute at most. */
export function withBackOff({ quietMs, maxMs }: Debounce, failures: number): Debounce {
  const backOff = failures === 0 ? 0 : Math.min(MAX_BACK_OFF_MS, MIN_BACK_OFF_MS * 2 ** (failures - 1));
  return { quietMs: Math.max(quietMs, backOff), maxMs: Math.max(maxMs, backOff) };
}
