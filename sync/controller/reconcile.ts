import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import { describeProblem } from "../kubernetes/errors.ts";
import { readUntilCurrent } from "../leader-election/wait-for-generation.ts";
import type { WriteFence } from "../publish/guard/write-fence.ts";
import { findCurrentGeneration, parseSignedManifest } from "../publish/read-published.ts";
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
  withReserved,
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
export async function reconcile(
  dependencies: ControllerDependencies,
  state: LoopState,
  signal: AbortSignal,
): Promise<LoopState> {
  const startedAt = performance.now();
  try {
    const nextState = await runAsReplica(dependencies, state, signal);
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
): Promise<LoopState | undefined> {
  const now = new Date();
  const status = dependencies.leadership.status();
  return status.type === "leader"
    ? runPipeline(dependencies, leaderStages(dependencies, state, status.term, now, signal), now)
    : runPipeline(dependencies, standbyStages(dependencies, state), now);
}

function leaderStages(
  dependencies: ControllerDependencies,
  state: LoopState,
  term: number,
  now: Date,
  signal: AbortSignal,
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
        failures: 0,
        result: { type: "completed", outcome },
      };
    },
  };
}

/** Creates the fence of a leader, which reserves each generation before it is written. */
function createLeaderFence({ leadership, account }: ControllerDependencies, term: number): WriteFence {
  const { namespaceId: kvNamespaceId } = account.kv;
  return {
    check: () => leadership.check(term),
    reserve: (generation) => leadership.reservations.reserve({ kvNamespaceId, generation, term }),
  };
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
      recordMetrics(dependencies.metrics, compiled, { blockedRouteRemovals: 0, pinnedGeneration: 0 });
      const { lastGood, brokenSince } = compiled;
      const result = { type: "standby" } as const;
      const { regexChecker } = dependencies;
      regexChecker.listAfter(compiled.compilation.regexes);
      const hasUncheckedRegexes = regexChecker.hasUnchecked(compiled.compilation.regexes);
      const previousState = { lastGood, brokenSince };
      // Another replica may publish meanwhile.
      const unknownState = { publishedState: undefined, syncedIngresses: undefined };
      return { ...state, ...unknownState, previousState, hasUncheckedRegexes, failures: 0, result };
    },
  };
}

/** Reads the published state, unless this term's last sync left it. After 3 failures it tolerates a missing part. */
async function readLeaderBase(
  dependencies: ControllerDependencies,
  state: LoopState,
  term: number,
  signal: AbortSignal,
): Promise<PublishedBase> {
  if (state.term !== term) dependencies.hosts?.forget(); // another replica may have changed the registry
  const lastState = state.term === term ? state.publishedState : undefined;
  if (lastState && !(await isOvertaken(dependencies, lastState))) return buildBase(lastState, state.previousState);
  const onLoss = (problem: string) => dependencies.log.warn(`${problem}; the missing part is written again`);
  const isStrict = state.failures < MAX_STRICT_READ_FAILURES;
  const read = () => readPublishedState(dependencies, isStrict ? undefined : onLoss);
  const publishedState = await readReservedState(dependencies, read, term, signal);
  if (lastState) return buildBase(publishedState, state.previousState); // newer than in KV
  dependencies.regexChecker.restore(publishedState.controllerState.regexVerdicts);
  // In the same term, this process has a newer state than KV, because the write is deferred.
  const previousState = state.term === term ? state.previousState : previousStateFrom(publishedState.controllerState);
  return buildBase(publishedState, previousState);
}

/**
 * Reads the published state, and waits if KV does not show the generation that the last leader reserved. In the same term
 * it does not wait, because this process knows that its own publication failed.
 */
async function readReservedState(
  { account: { kv, verifier }, leadership, sleep, log }: ControllerDependencies,
  read: () => Promise<PublishedState>,
  term: number,
  signal: AbortSignal,
): Promise<PublishedState> {
  const reservation = await leadership.reservations.read(kv.namespaceId);
  const { generation = 0 } = reservation ?? {};
  const awaited = reservation?.term === term ? 0 : generation;
  const generationIn = ({ snapshot }: PublishedState) => findCurrentGeneration(snapshot, verifier);
  const tools = { sleep, log: (line: string) => log.warn(line), check: () => leadership.check(term) };
  const state = await readUntilCurrent(read, generationIn, awaited, tools, signal);
  return withReserved(state, generation, generationIn(state) >= generation);
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
