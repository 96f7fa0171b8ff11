import { hasErrors } from "../compile/diagnostics.ts";
import { acquireLeadership, type Leadership } from "../leader-election/leader-election.ts";
import { createHistoryRetention } from "../publish/dns/history-retention.ts";
import { isCompleteInTime } from "./collect-cluster.ts";
import { flushState } from "./flush-state.ts";
import { INITIAL_STATE, type LoopState } from "./loop-state.ts";
import { reconcile } from "./reconcile.ts";
import { type ControllerContext, IGNORE_CHANGES, type SyncOptions, setUpController } from "./setup.ts";

const ACQUIRE_TIMEOUT_MS = 30_000;

/**
 * Runs one sync, for CI and CronJobs. Resolves with the exit code: 0 if every object was published, else 1. Rejects as
 * `stopped` does, after it released the Lease.
 */
export async function runOnce(
  options: SyncOptions,
  context: ControllerContext,
  lease: { readonly name: string; readonly identity: string },
  { signal, stopped = new Promise(() => {}) }: { readonly signal: AbortSignal; readonly stopped?: Promise<never> },
): Promise<number> {
  const { api, namespace, log } = context;
  const leaseOptions = { namespace, ...lease, log: (line: string) => log.warn(line) };
  const acquisition = await Promise.race([acquireLeadership(api, leaseOptions, ACQUIRE_TIMEOUT_MS), stopped]);
  if (!acquisition.ok) {
    log.error(`nothing was published: ${acquisition.problem}`);
    return 1;
  }
  const lifetime = new AbortController();
  try {
    const sync = syncOnce(options, context, acquisition.leadership, signal, lifetime.signal);
    return await Promise.race([sync, stopped]);
  } finally {
    await acquisition.leadership.release();
    lifetime.abort();
  }
}

async function syncOnce(
  options: SyncOptions,
  context: ControllerContext,
  leadership: Leadership,
  signal: AbortSignal,
  lifetime: AbortSignal,
): Promise<number> {
  const { kv, verifier } = context.account;
  const splitStaleRecords = createHistoryRetention(kv, verifier, Date.now);
  const oneTimeContext = { ...context, edge: undefined, splitStaleRecords }; // it ends before the edge adopts
  const dependencies = await setUpController(options, oneTimeContext, leadership, IGNORE_CHANGES, lifetime);
  if (!(await isCompleteInTime(dependencies, signal))) {
    if (!signal.aborted) context.log.error("nothing was published: the first lists are not complete");
    return 1;
  }
  const state = await reconcile(dependencies, INITIAL_STATE, signal);
  await flushState(dependencies, state);
  return computeExitCode(state);
}

function computeExitCode({ result, loggedDiagnostics }: LoopState): number {
  if (result.type !== "completed" || result.outcome.blockedRemovals.length > 0) return 1;
  return hasErrors(loggedDiagnostics) ? 1 : 0;
}
