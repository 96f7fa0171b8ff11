import { sleep } from "../../../sync/runtime/sleep.ts";
import type { Action } from "./action.ts";
import { untilPublished } from "./operator.ts";

const RESTARTS_PER_RUN = 10;
const MIN_INTERVAL_MS = 7_000;
/**
 * A leader that ends in the middle of a publication has reserved its number. If it did not publish it, the next leader
 * waits 120 s for it. In a short run, leaders end between publications.
 */
const LONG_RUN_MS = 180_000;
/** The replica and the signal of each restart. A killed leader is replaced 15 s after its last renewal. */
const CYCLE = [
  ["leader", "SIGTERM"],
  ["standby", "SIGKILL"],
  ["leader", "SIGTERM"],
  ["leader", "SIGKILL"],
  ["standby", "SIGTERM"],
] as const;

/** Ends one of the two replicas of the sync job again and again, and starts it again. */
export const restartJobs: Action = async ({ world, cluster, locks, log, runMs, signal }) => {
  const intervalMs = Math.max(MIN_INTERVAL_MS, runMs / RESTARTS_PER_RUN);
  for (let turn = 0; ; turn++) {
    await sleep(intervalMs, signal);
    if (signal.aborted) return;
    const [role, signalName] = CYCLE[turn % CYCLE.length] ?? CYCLE[0];
    const leader = await world.jobs.findLeader();
    const name = world.jobs.names().find((candidate) => (candidate === leader) === (role === "leader"));
    if (name === undefined) continue; // no replica is the leader yet
    const end = async () => {
      log.record(`sync job restart: ${role} by ${signalName}`, name);
      await world.jobs.end(name, signalName);
    };
    if (role === "standby" || runMs >= LONG_RUN_MS) await end();
    else
      await locks.changes.run(async () => {
        await untilPublished({ world, cluster });
        await end();
      });
    await world.jobs.start(name);
  }
};
