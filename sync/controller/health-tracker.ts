import type { ControllerHealth } from "../report/health.ts";
import type { LoopListener } from "./loop.ts";
import type { LoopState } from "./loop-state.ts";

/** The health of the sync loop, updated by the loop itself. */
export interface HealthTracker extends LoopListener {
  read(): Omit<ControllerHealth, "isStopping" | "isLeader">;
}

export function createHealthTracker(resyncMs: number): HealthTracker {
  let syncStartedAt: number | undefined;
  let syncDueAt: number | undefined;
  let lastSuccessAt: number | undefined;
  let hasFirstLists = false;
  return {
    onSyncStart() {
      syncStartedAt = performance.now();
    },
    onSyncEnd({ result }: LoopState) {
      syncStartedAt = undefined;
      syncDueAt = performance.now() + resyncMs;
      if (result.type !== "not-ready" && result.type !== "failed") hasFirstLists = true;
      if (result.type === "completed") lastSuccessAt = performance.now();
    },
    read: () => ({ hasFirstLists, syncStartedAt, syncDueAt, lastSuccessAt }),
  };
}
