import { diagnosticReasons } from "../compile/diagnostics.ts";
import { acquireLeadership } from "../leader-election/leader-election.ts";
import { INITIAL_STATE } from "./loop-state.ts";
import { reconcile } from "./reconcile.ts";
import { type ControllerContext, pause, type SyncOptions, setUpController } from "./setup.ts";
import type { SyncOutcome } from "./sync-cluster.ts";

const ACQUIRE_TIMEOUT_MS = 30_000;
const LIST_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 50;

/** One round, for CI and CronJobs. The exit code: 0 where everything was published, else 1. */
export async function runOnce(
  options: SyncOptions,
  context: ControllerContext,
  lease: { readonly name: string; readonly identity: string },
  signal: AbortSignal,
): Promise<number> {
  const { api, namespace, log } = context;
  const leaseOptions = { namespace, ...lease, log: (line: string) => log.warn(line) };
  const acquisition = await acquireLeadership(api, leaseOptions, ACQUIRE_TIMEOUT_MS);
  if (!acquisition.ok) {
    log.error(`nothing was published: ${acquisition.problem}`);
    return 1;
  }
  const abortController = new AbortController();
  try {
    const listener = { onChange: () => {}, onResourceRemoved: () => {} };
    const dependencies = await setUpController(
      options,
      context,
      acquisition.leadership,
      listener,
      abortController.signal,
    );
    for (const startedAt = performance.now(); performance.now() - startedAt < LIST_TIMEOUT_MS && !signal.aborted; ) {
      const { result } = await reconcile(dependencies, INITIAL_STATE);
      if (result.type === "not-ready") await pause(POLL_INTERVAL_MS, signal);
      else return result.type === "completed" ? computeExitCode(result.outcome) : 1;
    }
    log.error("nothing was published: the first lists are not in");
    return 1;
  } finally {
    await acquisition.leadership.release();
    abortController.abort();
  }
}

function computeExitCode({ type, compilation }: SyncOutcome): number {
  if (type === "blocked") return 1;
  return compilation.compilation.diagnostics.some(({ reason }) => diagnosticReasons[reason].severity === "error")
    ? 1
    : 0;
}
