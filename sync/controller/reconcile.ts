import type { Diagnostic } from "../compile/diagnostics.ts";
import type { PreviousState } from "../compile/last-good.ts";
import type { KubernetesClient } from "../kubernetes/client.ts";
import type { Leadership } from "../leader-election/leader-election.ts";
import type { Permits } from "../permits/model.ts";
import type { PermitsSource } from "../permits/source.ts";
import type { ApprovalRequest } from "../report/approval-config-map.ts";
import { type EventHistory, NO_EVENTS } from "../report/events.ts";
import type { Logger } from "../report/log.ts";
import type { Metrics } from "../report/metrics.ts";
import type { IngressIdSet } from "../report/report.ts";
import {
  findPreviouslyOwned,
  logNewDiagnostics,
  logOutcome,
  recordMetrics,
  reportSync,
  syncApprovalConfigMap,
} from "./report-sync.ts";
import {
  compileCluster,
  type PublishedState,
  previousStateFrom,
  publishCluster,
  readPublishedState,
  type SyncDependencies,
  type SyncOutcome,
} from "./sync-cluster.ts";

/** KV may be late to show what was written; what is missing after so many rounds is lost. */
const MAX_STRICT_READ_FAILURES = 3;

/** What the sync job works with, beside what every round does. */
export interface ControllerDependencies extends SyncDependencies {
  readonly api: KubernetesClient;
  readonly leadership: Pick<Leadership, "status" | "check">;
  readonly permits: PermitsSource;
  /** What the ConfigMap says that is held back, and whether somebody has approved it. */
  readonly getApprovalRequest: () => ApprovalRequest | undefined;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly addresses: readonly string[];
  readonly instance: string; // whose Events they are
  readonly namespace: string; // of its own ConfigMaps
}

/** What one round leaves for the next. */
export interface LoopState {
  /** Undefined: to be read, as others may have written. */
  readonly publishedState: PublishedState | undefined;
  /** In which leadership that was read. */
  readonly term: number | undefined;
  /** What the last round knew to be good; of whoever stands by, what it saw itself. */
  readonly previousState: PreviousState;
  readonly eventHistory: EventHistory;
  /** Ingresses ("namespace/name") that may say that they are ours. */
  readonly ownedIngresses: readonly IngressIdSet[];
  /** What was logged and still holds. */
  readonly loggedDiagnostics: readonly Diagnostic[];
  /** How many rounds in a row have failed. */
  readonly failures: number;
  readonly result: SyncResult;
}

/** What the last round came to: nothing at all where the first lists are not in, or no permits are known. */
export type SyncResult =
  | { readonly type: "not-ready" | "standby" | "failed" }
  | { readonly type: "completed"; readonly outcome: SyncOutcome };

export const INITIAL_STATE: LoopState = {
  publishedState: undefined,
  term: undefined,
  previousState: { lastGood: new Map(), brokenSince: new Map() },
  eventHistory: NO_EVENTS,
  ownedIngresses: [],
  loggedDiagnostics: [],
  failures: 0,
  result: { type: "not-ready" },
};

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
    const problem = error instanceof Error ? error.message : String(error);
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
