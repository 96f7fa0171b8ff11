import type { Trigger } from "../../../sync/controller/debounce.ts";
import { type LoopTimings, runLoop } from "../../../sync/controller/loop.ts";
import type { ControllerDependencies, SyncResult } from "../../../sync/controller/loop-state.ts";
import { waitFor } from "../wait-for.ts";

const SYNC_LIMIT_MS = 20_000;

/** The running sync loop. */
export interface RunningLoop {
  readonly results: readonly SyncResult[];
  sync(): Promise<SyncResult>;
  abort(): void;
  readonly end: Promise<void>;
}

export function startLoop(dependencies: ControllerDependencies, trigger: Trigger, timings: LoopTimings): RunningLoop {
  const results: SyncResult[] = [];
  const abortController = new AbortController();
  let startedSyncs = 0;
  const listener = {
    onSyncStart: () => startedSyncs++,
    onSyncEnd: ({ result }: { result: SyncResult }) => results.push(result),
  };
  return {
    results,
    async sync() {
      const index = startedSyncs;
      trigger.fire("immediate");
      return await waitFor(() => results[index], SYNC_LIMIT_MS);
    },
    abort: () => abortController.abort(),
    end: runLoop(dependencies, trigger, timings, listener, abortController.signal),
  };
}
