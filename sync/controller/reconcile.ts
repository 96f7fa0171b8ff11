import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import { describeProblem } from "../kubernetes/errors.ts";
import { parseSignedManifest } from "../publish/read-published.ts";
import { nextCheckMs } from "../publish/rollout/decide.ts";
import { listApprovedIds } from "../report/approval-config-map.ts";
import { collectLiveCluster } from "./collect-cluster.ts";
import type { ControllerDependencies, LoopState } from "./loop-state.ts";
import { type CompileBase, runPipeline, type Stages } from "./pipeline.ts";
import {
  type PublishedBase,
  type PublishedState,
  previousStateFrom,
  publishCluster,
  readPublishedState,
  type SyncOutcome,
  syncClusterRecords,
} from "./publish-cluster.ts";
import { withPublicationDiagnostics } from "./report/publication-diagnostics.ts";
import { recordMetrics, reportOutcome } from "./report/report-sync.ts";
import { reportFailure } from "./report/waiting-ingresses.ts";

/** KV may be late to show a write. After this number of failures, missing parts are treated as lost. */
const MAX_STRICT_READ_FAILURES = 3;

/**
 * Runs one sync of the controller and returns its next state. It never rejects: a failure is logged and counted, and leaves
 * the edge and all statuses unchanged.
 */
export async function reconcile(dependencies: ControllerDependencies, state: LoopState): Promise<LoopState> {
  const startedAt = performance.now();
  try {
    const nextState = await runAsReplica(dependencies, state);
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

function runAsReplica(dependencies: ControllerDependencies, state: LoopState): Promise<LoopState | undefined> {
  const now = new Date();
  const status = dependencies.leadership.status();
  return status.type === "leader"
    ? runPipeline(dependencies, leaderStages(dependencies, state, status.term, now), now)
    : runPipeline(dependencies, standbyStages(dependencies, state), now);
}

function leaderStages(
  dependencies: ControllerDependencies,
  state: LoopState,
  term: number,
  now: Date,
): Stages<PublishedBase, SyncOutcome, LoopState> {
  const fence = { check: () => dependencies.leadership.check(term) };
  const approvedIds = listApprovedIds(dependencies.getApprovalRequests());
  return {
    collect: async () => collectLiveCluster(dependencies, dependencies.log),
    readBase: () => readLeaderBase(dependencies, state, term),
    syncRecords: (compiled, base) => syncClusterRecords(dependencies, compiled, base, approvedIds, fence),
    publish: async (compiled, base) => {
      const outcome = await publishCluster(dependencies, compiled, base, approvedIds, fence, now);
      const publishedHosts = outcome.publishResult.snapshot.hosts;
      const hostResult = await dependencies.hosts?.sync(compiled, publishedHosts, fence.check);
      return { ...outcome, hostResult };
    },
    report: async (compiled, outcome, base) => {
      const ownedIngresses = state.term === term ? state.ownedIngresses : [];
      const reportedCluster = withPublicationDiagnostics(compiled, outcome);
      const reportState = { ...state, ownedIngresses };
      const reported = await reportOutcome(dependencies, reportedCluster, outcome, base, reportState, now);
      return {
        publishedState: outcome.publishedState,
        term,
        previousState: outcome.previousState,
        syncedIngresses: compiled.compilation.ingresses,
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
    publish: async () => undefined,
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
      const unknownState = { publishedState: undefined, syncedIngresses: undefined, nextCheckMs: undefined };
      return { ...state, ...unknownState, previousState, hasUncheckedRegexes, failures: 0, result };
    },
  };
}

/** Reads the published state, unless this term's last sync left it. After 3 failures it tolerates a missing part. */
async function readLeaderBase(
  dependencies: ControllerDependencies,
  state: LoopState,
  term: number,
): Promise<PublishedBase> {
  if (state.term !== term) dependencies.hosts?.forget(); // another replica may have changed the registry
  const lastState = state.term === term ? state.publishedState : undefined;
  if (lastState && !(await isOvertaken(dependencies, lastState))) return buildBase(lastState, state.previousState);
  const onLoss = (problem: string) => dependencies.log.warn(`${problem}; the missing part is written again`);
  const isStrict = state.failures < MAX_STRICT_READ_FAILURES;
  const publishedState = await readPublishedState(dependencies, isStrict ? undefined : onLoss);
  if (lastState) return buildBase(publishedState, state.previousState); // newer than in KV
  dependencies.regexChecker.restore(publishedState.controllerState.regexVerdicts);
  // In the same term, this process has a newer state than KV, because the write is deferred.
  const previousState = state.term === term ? state.previousState : previousStateFrom(publishedState.controllerState);
  return buildBase(publishedState, previousState);
}

function buildBase(publishedState: PublishedState, previousState: LoopState["previousState"]): PublishedBase {
  return { publishedState, previousState, publishedZones: publishedState.snapshot.manifest?.zones };
}

/** Whether a command of an operator published since the last sync: a rollback, for example. */
async function isOvertaken(
  { account: { kv, verifier }, log }: ControllerDependencies,
  { snapshot }: PublishedState,
): Promise<boolean> {
  const manifest = parseSignedManifest(await kv.get(CURRENT_KEY), verifier);
  if (!manifest || manifest.generation <= snapshot.highestGeneration || manifest.author.command === "sync")
    return false;
  log.info(`read generation=${manifest.generation} of edgress ${manifest.author.command}`);
  return true;
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}
