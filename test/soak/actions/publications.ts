import { sleep } from "../../../sync/runtime/sleep.ts";
import type { Action } from "./action.ts";

/** More than the 100 publications of a run, because rollbacks and restarts hold some back. */
const CHANGES_PER_RUN = 120;
const MIN_INTERVAL_MS = 400; // KV takes one write of a key each second, so a sync publishes several changes at once

/** Changes the cluster again and again. */
export const changeCluster: Action = async ({ world, cluster, log, random, locks, runMs, signal }) => {
  const intervalMs = Math.max(MIN_INTERVAL_MS, runMs / CHANGES_PER_RUN);
  while (!signal.aborted) {
    await locks.changes.run(async () =>
      log.record("cluster change", `of ${cluster.change(world.server, random)} hosts`),
    );
    await sleep(intervalMs, signal);
  }
};
