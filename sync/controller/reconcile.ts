import { describeProblem } from "../kubernetes/errors.ts";
import { nextCheckMs } from "../publish/rollout/decide.ts";
import { listApprovedIds } from "../report/approval-config-map.ts";
import { NOTHING_UNREPORTED } from "../report/report.ts";
import { collectLiveCluster } from "./collect-cluster.ts";
import { createLeaderFence, readLeaderBase } from "./leader/leader-base.ts";
import type { ControllerDependencies, LoopState } from "./loop-state.ts";
import { type CompileBase, runPipeline, type Stages } from "./pipeline.ts";
import { type PublishedBase, publishCluster, type SyncOutcome, syncClusterRecords } from "./publish-cluster.ts";
import { withPublicationDiagnostics } from "./report/publication-diagnostics.ts";
import { recordMetrics, reportOutcome } from "./report/report-sync.ts";
import { reportFailure } from "./report/waiting-ingresses.ts";

/**
 * Runs one sync of the controller and returns its next state. It never rejects: a failure is logged and counted, and leaves
 * the edge and all statuses unchanged. `startReport` returns the signal that postpones the rest of the report.
 */
export async function reconcile(
  dependencies: ControllerDependencies,
  state: LoopState,
  signal: AbortSignal,
  startReport: () => AbortSignal = () => signal,
): Promise<LoopState> {
  const startedAt = performance.now();
  try {
    const nextState = await runAsReplica(dependencies, state, signal, startReport);
    if (nextState?.result.type === "completed") {
      const { type, blockedRemovals } = nextState.result.outcome;
      dependencies.metrics.recordSync(blockedRemovals.length > 0 ? "blocked" : type, secondsSince(startedAt));
      dependencies.metrics.recordSuccess(new Date());
    }
    return nextState ?? { ...state, result: { type: "not-ready" } };
  } catch (error) {
    const failures = state.failures + 1;
    const problem = describeProblem(error);
    dependencies.log.error({ failures }, `sync failed: ${problem}; the edge serves the last published rules`);
    dependencies.metrics.recordSync("failed", secondsSince(startedAt));
    const eventHistory = await reportFailure(dependencies, state, error, failures);
    return { ...state, publishedState: undefined, eventHistory, failures, result: { type: "failed", problem } };
  }
}

function runAsReplica(
  dependencies: ControllerDependencies,
  state: LoopState,
  signal: AbortSignal,
  startReport: () => AbortSignal,
): Promise<LoopState | undefined> {
  const now = new Date();
  const status = dependencies.leadership.status();
  return status.type === "leader"
    ? runPipeline(dependencies, leaderStages(dependencies, state, status.term, now, { signal, startReport }), now)
    : runPipeline(dependencies, standbyStages(dependencies, state), now);
}

function leaderStages(
  dependencies: ControllerDependencies,
  state: LoopState,
  term: number,
  now: Date,
  { signal, startReport }: { readonly signal: AbortSignal; readonly startReport: () => AbortSignal },
): Stages<PublishedBase, SyncOutcome, LoopState> {
  const fence = createLeaderFence(dependencies, term);
  const approvedIds = listApprovedIds(dependencies.getApprovalRequests());
  return {
    collect: async () => collectLiveCluster(dependencies, dependencies.log),
    readBase: () => readLeaderBase(dependencies, state, term, signal),
    syncRecords: (compiled, base) => syncClusterRecords(dependencies, compiled, base, approvedIds, fence),
    publish: async (compiled, base) => {
      const outcome = await publishCluster(dependencies, compiled, base, approvedIds, fence, now);
      const publishedHosts = outcome.publishResult.snapshot.hosts;
      const hostResult = await dependencies.hosts?.sync(compiled, publishedHosts, fence.check);
      return { ...outcome, hostResult };
    },
    report: async (compiled, outcome, base) => {
      const reportState = startReportState(state, term);
      const checkedAddresses = dependencies.healthChecks?.list() ?? [];
      const reportedCluster = withPublicationDiagnostics(compiled, { ...outcome, checkedAddresses });
      const timing = { now, signal: startReport() };
      const reported = await reportOutcome(dependencies, reportedCluster, outcome, base, reportState, timing);
      return {
        publishedState: outcome.publishedState,
        term,
        previousState: outcome.previousState,
        syncedIngresses: compiled.compilation.ingresses,
        syncedRoutes: compiled.cluster.gateway.httpRoutes,
        ...reported,
        loggedDiagnostics: reportedCluster.compilation.diagnostics,
        ignoredIngresses: compiled.compilation.ignoredIngresses,
        hasUncheckedRegexes: dependencies.regexChecker.hasUnchecked(compiled.compilation.regexes),
        hasPostponedHosts: (outcome.hostResult?.postponed ?? 0) > 0,
        pin: outcome.pin,
        nextCheckMs: findNextCheck(dependencies, outcome),
        failures: 0,
        result: { type: "completed", outcome },
      };
    },
  };
}

/** Returns the state of earlier reports. In a new term it is unknown, because another replica may have reported. */
function startReportState(state: LoopState, term: number): LoopState {
  return state.term === term ? state : { ...state, ownedIngresses: [], unreported: NOTHING_UNREPORTED };
}

/** Returns the milliseconds until the stage of a roll-out ends; undefined if it has ended, or without one. */
function findNextCheck({ rollouts }: ControllerDependencies, { publishResult }: SyncOutcome): number | undefined {
  const candidate = publishResult.snapshot.manifest?.candidate;
  const checkMs = candidate && rollouts && nextCheckMs(candidate, new Date(), rollouts.settings);
  return checkMs === 0 ? undefined : checkMs;
}

/** Creates the stages of a standby: it compiles, so that its caches are warm when it becomes leader. It only reads. */
function standbyStages(
  dependencies: ControllerDependencies,
  state: LoopState,
): Stages<CompileBase, undefined, LoopState> {
  return {
    collect: async () => collectLiveCluster(dependencies, dependencies.log),
    readBase: async () => state,
    async publish() {
      dependencies.healthChecks?.stop();
      return undefined;
    },
    report: async (compiled) => {
      recordMetrics(dependencies.metrics, compiled, {
        blockedRouteRemovals: 0,
        pinnedGeneration: 0,
        rolloutShare: 0,
        isCandidateAborted: false,
      });
      const { lastGood, brokenSince } = compiled;
      const result = { type: "standby" } as const;
      const { regexChecker } = dependencies;
      regexChecker.listAfter(compiled.compilation.regexes);
      const hasUncheckedRegexes = regexChecker.hasUnchecked(compiled.compilation.regexes);
      const previousState = { lastGood, brokenSince };
      // Another replica may publish meanwhile.
      const unknownSyncs = { publishedState: undefined, syncedIngresses: undefined, syncedRoutes: undefined };
      return {
        ...state,
        ...unknownSyncs,
        nextCheckMs: undefined,
        previousState,
        hasUncheckedRegexes,
        failures: 0,
        result,
      };
    },
  };
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}
