import type { Debounce, Trigger } from "./debounce.ts";
import { flushState } from "./flush-state.ts";
import { type ControllerDependencies, INITIAL_STATE, type LoopState } from "./loop-state.ts";
import { reconcile } from "./reconcile.ts";

const MIN_BACK_OFF_MS = 2000;
const MAX_BACK_OFF_MS = 60_000;

export interface LoopTimings extends Debounce {
  /** Interval of syncs without a change. They check and repair the published snapshot. */
  readonly resyncMs: number;
}

/** Callbacks of the sync loop. */
export interface LoopListener {
  readonly onSyncStart: () => void;
  readonly onSyncEnd: (state: LoopState) => void;
}

/** Runs syncs until `signal` is aborted, each after changes and their debounce. A running sync is finished first. */
export async function runLoop(
  dependencies: ControllerDependencies,
  trigger: Trigger,
  timings: LoopTimings,
  listener: LoopListener,
  signal: AbortSignal,
): Promise<void> {
  for (let state = INITIAL_STATE; ; ) {
    const timeoutMs = Math.min(timings.resyncMs, state.nextCheckMs ?? timings.resyncMs);
    await trigger.waitForChanges(withBackOff(timings, state.failures), timeoutMs, signal);
    if (signal.aborted) return flushState(dependencies, state);
    listener.onSyncStart();
    state = await reconcile(dependencies, state, signal);
    listener.onSyncEnd(state);
    if (state.failures > 0 || state.hasUncheckedRegexes || state.hasPostponedHosts) trigger.fire();
  }
}

/** Returns a longer debounce after failures: 2 s after the first, doubled with each, up to 60 s. */
export function withBackOff({ quietMs, maxMs }: Debounce, failures: number): Debounce {
  const backOff = failures === 0 ? 0 : Math.min(MAX_BACK_OFF_MS, MIN_BACK_OFF_MS * 2 ** (failures - 1));
  return { quietMs: Math.max(quietMs, backOff), maxMs: Math.max(maxMs, backOff) };
}
