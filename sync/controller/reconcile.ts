import { errorMessage } from "../../src/rules/error-message.ts";
import type { Permits } from "../permits/model.ts";
import type { ControllerDependencies, LoopState } from "./loop-state.ts";
import {
  findPreviouslyOwned,
  logNewDiagnostics,
  logOutcome,
  recordMetrics,
  reportSync,
  syncApprovalConfigMap,
} from "./report-sync.ts";
import { compileCluster, previousStateFrom, publishCluster, readPublishedState } from "./sync-cluster.ts";

/** KV may be late to show what was written; what is missing after so many rounds is lost. */
const MAX_STRICT_READ_FAILURES = 3;

/** One round. It never rejects: one that fails is logged and counted, and leaves the edge and all reports as they are. */
export async function reconcile(dependencies: ControllerDependencies, state: LoopState): Promise<LoopState> {
  const startedAt = performance.now();
  try {
    const permits = dependencies.permits.read();
    if (!permits || !dependencies.liveCluster.read()) return { ...state, result: { type: "not-ready" } };
    if (permits.problem !== undefined)
      dependencies.log.error({ permits: permits.problem }, formatPermitsProblem(permits.problem));
    if (!permits.permits) throw new Error("there are no permits to compile by: nothing is published");
    const leadershipStatus = dependencies.leadership.status();
    const nextState =
      leadershipStatus.type === "leader"
        ? await reconcileAsLeader(dependencies, permits.permits, leadershipStatus.term, state)
        : await reconcileAsStandby(dependencies, permits.permits, state);
    if (nextState.result.type === "completed") {
      dependencies.metrics.recordSync(nextState.result.outcome.type, secondsSince(startedAt));
      if (nextState.result.outcome.type !== "blocked") dependencies.metrics.recordSuccess(new Date());
    }
    return nextState;
  } catch (error) {
    const problem = errorMessage(error);
    dependencies.log.error(
      { failures: state.failures + 1 },
      `the round failed: ${problem}; the edge serves what it served before`,
    );
    dependencies.metrics.recordSync("failed", secondsSince(startedAt));
    return { ...state, publishedState: undefined, failures: state.failures + 1, result: { type: "failed" } };
  }
}

function formatPermitsProblem(problem: string): string {
  return `the permits cannot be read: ${problem}; those that could be read last still count`;
}

/** Compiles and nothing else, so that all is warm when the leadership comes. */
async function reconcileAsStandby(
  dependencies: ControllerDependencies,
  permits: Permits,
  state: LoopState,
): Promise<LoopState> {
  const compiledCluster = await compileCluster(dependencies, permits, state.previousState, new Date());
  if (!compiledCluster) return { ...state, result: { type: "not-ready" } };
  recordMetrics(dependencies.metrics, compiledCluster, 0);
  return {
    ...state,
    publishedState: undefined,
    previousState: compiledCluster.compilation,
    failures: 0,
    result: { type: "standby" },
  };
}

async function reconcileAsLeader(
  dependencies: ControllerDependencies,
  permits: Permits,
  term: number,
  state: LoopState,
): Promise<LoopState> {
  const isCurrent = state.publishedState && state.term === term;
  const onLoss = (problem: string) => dependencies.log.warn(`${problem}; it is written anew`);
  const isStrict = state.failures < MAX_STRICT_READ_FAILURES;
  const publishedState =
    isCurrent && state.publishedState
      ? state.publishedState
      : await readPublishedState(dependencies, isStrict ? undefined : onLoss);
  const now = new Date();
  const previousState = isCurrent ? state.previousState : previousStateFrom(publishedState.controllerState);
  const compiledCluster = await compileCluster(dependencies, permits, previousState, now);
  if (!compiledCluster) return { ...state, result: { type: "not-ready" } };
  const fence = { check: () => dependencies.leadership.check(term) };
  const outcome = await publishCluster(
    dependencies,
    compiledCluster,
    publishedState,
    dependencies.getApprovalRequest()?.approved,
    fence,
    now,
  );
  recordMetrics(dependencies.metrics, compiledCluster, outcome.type === "blocked" ? outcome.verdict.routes : 0);
  logOutcome(dependencies, outcome);
  await syncApprovalConfigMap(dependencies, outcome, now);
  const previouslyOwned = [
    ...(state.term === term ? state.ownedIngresses : []),
    ...findPreviouslyOwned(publishedState, previousState),
  ];
  logNewDiagnostics(dependencies.log, outcome, state.loggedDiagnostics);
  const { eventHistory, ownedIngresses } = await reportSync(
    dependencies,
    outcome,
    previouslyOwned,
    state.eventHistory,
    now,
  );
  return {
    publishedState: outcome.publishedState,
    term,
    previousState: outcome.compilation,
    eventHistory,
    ownedIngresses,
    loggedDiagnostics: outcome.compilation.compilation.diagnostics,
    failures: 0,
    result: { type: "completed", outcome },
  };
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}
