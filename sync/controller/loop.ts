import { sleep } from "../runtime/sleep.ts";
import type { Debounce, Trigger } from "./debounce.ts";
import { flushState } from "./flush-state.ts";
import { type ControllerDependencies, INITIAL_STATE, type LoopState } from "./loop-state.ts";
import { reconcile } from "./reconcile.ts";

const MIN_BACK_OFF_MS = 2000;
const MAX_BACK_OFF_MS = 60_000;
/** Each sync writes statuses and Events for at least this time, so that changes never keep all of them back. */
const MIN_REPORT_MS = 1000;

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
    const retryMs = state.incompleteReports > 0 ? computeBackOff(state.incompleteReports) : timings.resyncMs;
    const timeoutMs = Math.min(timings.resyncMs, state.nextCheckMs ?? timings.resyncMs, retryMs);
    await trigger.waitForChanges(withBackOff(timings, state.failures), timeoutMs, signal);
    if (signal.aborted) return flushState(dependencies, state);
    listener.onSyncStart();
    const reportEnd = new AbortController();
    state = await reconcile(dependencies, state, signal, () => startReport(trigger, timings, reportEnd, signal));
    reportEnd.abort();
    listener.onSyncEnd(state);
    if (state.failures > 0 || state.hasUncheckedRegexes || state.hasPostponedHosts) trigger.fire();
  }
}

/**
 * Returns the signal that ends a report: when the next sync is due, but not before the report had a second. The next sync
 * then writes the rest, so that a change is published first.
 */
function startReport(trigger: Trigger, debounce: Debounce, end: AbortController, signal: AbortSignal): AbortSignal {
  const reportSignal = AbortSignal.any([end.signal, signal]);
  const endWhenDue = async () => {
    await sleep(MIN_REPORT_MS, reportSignal);
    await trigger.waitUntilDue(debounce, reportSignal);
    end.abort();
  };
  void endWhenDue();
  return reportSignal;
}

function computeBackOff(failures: number): number {
  return failures === 0 ? 0 : Math.min(MAX_BACK_OFF_MS, MIN_BACK_OFF_MS * 2 ** (failures - 1));
}

/** Returns a longer debounce after failures: 2 s after the first, doubled with each, up to 60 s. */
export function withBackOff({ quietMs, maxMs }: Debounce, failures: number): Debounce {
  const backOff = computeBackOff(failures);
  return { quietMs: Math.max(quietMs, backOff), maxMs: Math.max(maxMs, backOff) };
}
