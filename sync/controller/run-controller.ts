import { describeProblem } from "../kubernetes/errors.ts";
import { joinElection, type Leadership } from "../leader-election/leader-election.ts";
import { type ControllerHealth, checkHealth, checkReadiness } from "../report/health.ts";
import { startHttpServer } from "../report/http-server.ts";
import { sleep } from "../runtime/sleep.ts";
import { createTrigger } from "./debounce.ts";
import { createHealthTracker } from "./health-tracker.ts";
import { type LoopListener, type LoopTimings, runLoop } from "./loop.ts";
import type { ControllerDependencies } from "./loop-state.ts";
import { logFirstSync } from "./report/first-sync-progress.ts";
import { type ControllerContext, type SyncOptions, setUpController } from "./setup.ts";

/** Maximum duration of a sync before the liveness probe fails. */
const MAX_SYNC_MS = 600_000;
const SETUP_RETRY_MS = 5000;

export interface ControllerSettings {
  readonly lease: { readonly name: string; readonly identity: string };
  readonly timings: LoopTimings;
  readonly readinessTimeoutMs: number;
  readonly healthPort: number;
}

/** Runs the controller until `signal` is aborted. Resolves with the exit code: 1 if it must be restarted. */
export async function runController(
  options: SyncOptions,
  context: ControllerContext,
  { lease, timings, readinessTimeoutMs, healthPort }: ControllerSettings,
  signal: AbortSignal,
): Promise<number> {
  const { api, namespace, log } = context;
  const [lifetime, restart] = [new AbortController(), new AbortController()];
  const stopSignal = AbortSignal.any([signal, restart.signal]);
  const trigger = createTrigger(() => performance.now(), sleep);
  const onResourceRemoved = (problem: string) => {
    log.error(`restarting: ${problem}`);
    restart.abort();
  };
  const healthTracker = createHealthTracker(timings.resyncMs);
  const firstSync = logFirstSync(context.account, log);
  const countedContext = { ...context, account: firstSync.account };
  const loopListener: LoopListener = {
    onSyncStart: healthTracker.onSyncStart,
    onSyncEnd(state) {
      healthTracker.onSyncEnd(state);
      if (state.result.type === "completed") firstSync.end();
    },
  };
  const leaseOptions = { namespace, ...lease, log: (line: string) => log.warn(line) };
  const leadership = joinElection(api, leaseOptions, lifetime.signal);
  const readHealth = () => ({
    ...healthTracker.read(),
    isStopping: stopSignal.aborted,
    isLeader: leadership.status().type === "leader",
  });
  const probes = await startProbes(context, healthPort, readHealth, readinessTimeoutMs, leadership);
  try {
    void followLeadership(leadership, context, () => trigger.fire("immediate"));
    const { recordProblem } = healthTracker;
    const listener = { onChange: () => trigger.fire(), onWatchProblem: recordProblem, onResourceRemoved };
    const setUp = () => setUpController(options, countedContext, leadership, listener, lifetime.signal);
    const onProblem = (problem: string) => {
      recordProblem(problem);
      log.error(`setup failed: ${problem}; retrying in ${SETUP_RETRY_MS / 1000} s`);
    };
    const dependencies = await setUpWithRetry(setUp, onProblem, stopSignal);
    if (dependencies) await runLoop(dependencies, trigger, timings, loopListener, stopSignal);
    return restart.signal.aborted ? 1 : 0;
  } finally {
    await leadership.release();
    lifetime.abort();
    firstSync.end();
    await probes.close();
    log.info("stopped");
  }
}

/** Serves probes and metrics. If the port is not available, it releases the Lease and rejects. */
async function startProbes(
  { metrics, log }: ControllerContext,
  port: number,
  readHealth: () => ControllerHealth,
  readinessTimeoutMs: number,
  leadership: Leadership,
) {
  const thresholds = { maxSyncMs: MAX_SYNC_MS, readinessTimeoutMs };
  const server = await startHttpServer({
    port,
    scope: "all-interfaces",
    checkHealth: () => checkHealth(readHealth(), thresholds, performance.now()),
    checkReadiness: () => checkReadiness(readHealth(), thresholds, performance.now()),
    metrics,
  }).catch(async (error) => {
    await leadership.release();
    throw error;
  });
  log.info({ port: server.port }, `started probe server port=${server.port}`);
  return server;
}

/** Calls `setUp` until it succeeds. Resolves with undefined if `signal` is aborted first. */
async function setUpWithRetry(
  setUp: () => Promise<ControllerDependencies>,
  onProblem: (problem: string) => void,
  signal: AbortSignal,
): Promise<ControllerDependencies | undefined> {
  while (!signal.aborted) {
    try {
      return await setUp();
    } catch (error) {
      onProblem(describeProblem(error));
      await sleep(SETUP_RETRY_MS, signal);
    }
  }
  return undefined;
}

/** Logs and counts each change of the leadership. */
async function followLeadership(
  leadership: Leadership,
  { log, metrics }: ControllerContext,
  onChange: () => void,
): Promise<void> {
  for await (const status of leadership.statusChanges()) {
    metrics.setLeader(status.type === "leader");
    if (status.type === "leader") log.info({ term: status.term }, `became leader identity=${leadership.identity}`);
    else log.info({ holder: status.holder }, `standby (leader=${status.holder ?? "none"})`);
    onChange();
  }
}
