import { sleep } from "../../../sync/runtime/sleep.ts";
import type { Action } from "./action.ts";

const RESTARTS_PER_RUN = 10;
const MIN_INTERVAL_MS = 7_000;
/** A killed leader is replaced 15 s after its last renewal. In a short run, most changes must not wait for that. */
const LEADER_SHARE = 0.5;

/** Ends one of the two replicas of the sync job again and again, and starts it again. */
export const restartJobs: Action = async ({ world, log, random, runMs, signal }) => {
  const intervalMs = Math.max(MIN_INTERVAL_MS, runMs / RESTARTS_PER_RUN);
  for (let turn = 0; ; turn++) {
    await sleep(intervalMs, signal);
    if (signal.aborted) return;
    const names = world.jobs.names();
    const leader = await world.jobs.findLeader();
    const isLeader = leader !== undefined && (turn === 0 || random.next() < LEADER_SHARE);
    const name = isLeader ? leader : (names.find((candidate) => candidate !== leader) ?? "");
    const signalName = turn % 2 === 0 ? "SIGTERM" : "SIGKILL";
    log.record(`sync job restart: ${signalName}`, `${isLeader ? "leader" : "standby"} ${name}`);
    await world.jobs.restart(name, signalName);
  }
};
