import type { ControllerHealth } from "../report/health.ts";
import type { LoopListener } from "./loop.ts";
import type { LoopState } from "./loop-state.ts";

/** The health of the sync loop, updated by the loop itself. */
export interface HealthTracker extends LoopListener {
  /** The setup or a watch failed. */
  recordProblem(problem: string): void;
  read(): Omit<ControllerHealth, "isStopping" | "isLeader">;
}

export function createHealthTracker(resyncMs: number): HealthTracker {
  let syncStartedAt: number | undefined;
  let syncDueAt: number | undefined;
  let lastSuccessAt: number | undefined;
  let hasFirstLists = false;
  let lastProblem: string | undefined;
  return {
    recordProblem(problem) {
      lastProblem = problem;
    },
    onSyncStart() {
      syncStartedAt = performance.now();
    },
    onSyncEnd({ result }: LoopState) {
      syncStartedAt = undefined;
      syncDueAt = performance.now() + resyncMs;
      if (result.type === "not-ready") return;
      hasFirstLists = true; // a sync begins with them
      lastProblem = result.type === "failed" ? result.problem : undefined;
      if (result.type === "completed") lastSuccessAt = performance.now();
    },
    read: () => ({ hasFirstLists, syncStartedAt, syncDueAt, lastSuccessAt, lastProblem }),
  };
}
