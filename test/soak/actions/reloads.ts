import { sleep } from "../../../sync/runtime/sleep.ts";
import type { Action } from "./action.ts";

const RELOADS_PER_RUN = 10;
const MIN_INTERVAL_MS = 5_000;

/**
 * Deploys the Worker again and again: new requests go to an isolate that has just started. The old isolate ends its
 * requests, and its process restarts for the next turn.
 */
export const reloadWorker: Action = async ({ world, checker, log, runMs, signal }) => {
  const intervalMs = Math.max(MIN_INTERVAL_MS, runMs / RELOADS_PER_RUN);
  for (;;) {
    await sleep(intervalMs, signal);
    if (signal.aborted) return;
    log.record("Worker reload");
    world.edges.switchIsolate();
    await checker.untilEnded();
    await world.edges.restartIdle();
  }
};
