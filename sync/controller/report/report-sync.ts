import type { Diagnostic } from "../../compile/diagnostics.ts";
import { diffLists } from "../../incremental/list-diff.ts";
import { findClosedIngresses } from "../../publish/changes/closed-routes.ts";
import { findRoutedIngresses } from "../../publish/guard/changed-ingresses.ts";
import { countHostRoutes } from "../../publish/guard/removals.ts";
import type { Pin } from "../../publish/history/pin.ts";
import type { HostSyncResult } from "../../publish/hosts/model.ts";
import type { EventHistory } from "../../report/events.ts";
import { type Logger, logDiagnostic } from "../../report/log.ts";
import type { Metrics, SyncGauges } from "../../report/metrics.ts";
import { type IngressIdSet, type PublishedStatus, report } from "../../report/report.ts";
import type { ControllerDependencies, LoopState } from "../loop-state.ts";
import type { CompiledCluster } from "../pipeline.ts";
import type { PublishedBase, SyncOutcome } from "../publish-cluster.ts";
import { countBlockedRoutes, reportBlockedRemovals } from "./blocked-removals.ts";
import { countSelections, logIgnoredIngresses } from "./ignored-ingresses.ts";
import { logRollout } from "./log-rollout.ts";

const REPORT_TIMEOUT_MS = 60_000;

/**
 * Reports a sync of the leader: metrics, log lines, the ConfigMap of a blocked deletion, statuses and Events. It never
 * rejects. Resolves with the reported Events, and with the Ingresses that may have a status of edgress.
 */
export async function reportOutcome(
  dependencies: ControllerDependencies,
  compiled: CompiledCluster,
  outcome: SyncOutcome,
  base: PublishedBase,
  state: Pick<LoopState, "ownedIngresses" | "eventHistory" | "loggedDiagnostics" | "ignoredIngresses" | "pin">,
  now: Date,
): Promise<ReportedState> {
  const blockedRouteRemovals = countBlockedRoutes(outcome.blockedRemovals);
  const pinnedGeneration = outcome.pin?.generation ?? 0;
  const { rollout } = outcome;
  recordMetrics(dependencies.metrics, compiled, {
    blockedRouteRemovals,
    pinnedGeneration,
    rolloutShare: rollout?.share ?? 0,
    isCandidateAborted: rollout?.type === "aborted",
  });
  logOutcome(dependencies, outcome);
  logRollout(dependencies.log, outcome);
  logPin(dependencies.log, outcome.pin, state.pin);
  dependencies.edgeFollower?.follow(outcome.publishResult.generation, outcome.type === "published");
  await reportBlockedRemovals(dependencies, outcome.blockedRemovals, now);
  logIgnoredIngresses(dependencies.log, compiled.compilation.ignoredIngresses, state.ignoredIngresses);
  logNewDiagnostics(dependencies.log, compiled.compilation.diagnostics, state.loggedDiagnostics);
  const previouslyOwned = [...state.ownedIngresses, ...findPreviouslyOwned(base)];
  return await reportObjects(dependencies, compiled, outcome, previouslyOwned, state.eventHistory, now);
}

type ReportedState = Pick<LoopState, "eventHistory" | "ownedIngresses">;

/** Sets the gauges of a sync. */
export function recordMetrics(
  metrics: Metrics,
  { cluster, compilation, brokenSince }: CompiledCluster,
  gauges: Pick<SyncGauges, "blockedRouteRemovals" | "pinnedGeneration" | "rolloutShare" | "isCandidateAborted">,
): void {
  const { rules, diagnostics, ingresses: selectedIngresses, ignoredIngresses } = compilation;
  const { ingresses, classes, services, secrets, configMaps } = cluster;
  metrics.setGauges({
    objects: {
      Ingress: ingresses.length,
      IngressClass: classes.length,
      Service: services.length,
      Secret: secrets.length,
      ConfigMap: configMaps.length,
    },
    ingresses: countSelections(selectedIngresses.size, ignoredIngresses),
    hosts: rules.hosts.length,
    routes: countHostRoutes(rules.hosts),
    diagnostics,
    lastGoodIngresses: brokenSince.size,
    ...gauges,
  });
}

/** Logs and counts the outcome of a sync. */
function logOutcome({ log, metrics }: ControllerDependencies, outcome: SyncOutcome): void {
  const { writes, bytes, publishResult } = outcome;
  const { generation, digest, warnings } = publishResult;
  for (const warning of warnings) log.warn(warning);
  logHostChanges(log, outcome.hostResult);
  metrics.setGeneration(generation);
  metrics.recordWrites({ writes, bytes });
  const line = `${outcome.type} generation=${generation} digest=${digest} writes=${writes}`;
  log[outcome.type === "published" ? "info" : "debug"]({ generation, digest, writes, bytes }, line);
}

/** Logs the changes of records and routes of hosts. */
function logHostChanges(log: Logger, hostResult: HostSyncResult | undefined): void {
  for (const warning of hostResult?.warnings ?? []) log.warn(warning);
  for (const { action, kind, zone, name } of hostResult?.changes ?? []) {
    log.info({ zone, [kind]: name }, `${PAST_TENSE[action]} ${kind}="${name}" zone=${zone}`);
  }
}

const PAST_TENSE = { add: "added", replace: "replaced", remove: "removed" } as const;
/** Logs the start and the end of a rollback. */
function logPin(log: Logger, pin: Pin | undefined, previousPin: Pin | undefined): void {
  if (pin?.generation === previousPin?.generation) return;
  if (pin) log.warn(`pinned ${formatPinFields(pin)}; nothing is published until edgress resume`);
  else log.info(`resumed generation=${previousPin?.generation}`);
}

function formatPinFields({ generation, rollback: { of, by } }: Pin): string {
  return `generation=${generation} rollback=${of} by=${by}`;
}

/** Logs the new diagnostics. One with the same content as before is not new. */
function logNewDiagnostics(
  log: Logger,
  diagnostics: readonly Diagnostic[],
  previousDiagnostics: readonly Diagnostic[],
): void {
  const { removed, added } = diffLists(previousDiagnostics, diagnostics);
  const removedTexts = new Set(removed.map((diagnostic) => JSON.stringify(diagnostic)));
  for (const diagnostic of added) if (!removedTexts.has(JSON.stringify(diagnostic))) logDiagnostic(log, diagnostic);
}

/** Returns the Ingresses of the last sync: those with published routes, and the last good ones. */
function findPreviouslyOwned({ publishedState, previousState }: PublishedBase): readonly IngressIdSet[] {
  return [findRoutedIngresses(publishedState.snapshot.hosts), previousState.lastGood];
}

/** Writes Events and statuses. Resolves with the reported Events, and the Ingresses that may have a status of edgress. */
async function reportObjects(
  dependencies: ControllerDependencies,
  compiled: CompiledCluster,
  outcome: SyncOutcome,
  previouslyOwned: readonly IngressIdSet[],
  eventHistory: EventHistory,
  now: Date,
): Promise<ReportedState> {
  const reportContext = {
    api: dependencies.api,
    print: (line: string) => dependencies.log.warn(line),
    signal: AbortSignal.timeout(REPORT_TIMEOUT_MS),
  };
  const publishedStatus = buildPublishedStatus(compiled, outcome, previouslyOwned);
  const syncReport = {
    ingresses: dependencies.liveCluster.read()?.ingresses ?? [], // current ones, because a patch is for one version
    findObject: dependencies.liveCluster.findObject,
    diagnostics: compiled.compilation.diagnostics,
    publishedStatus,
    unlistedIngresses: dependencies.liveCluster.watchesEverything
      ? []
      : listIngressIds(previouslyOwned).filter((id) => !dependencies.liveCluster.findObject(`Ingress ${id}`)),
    fetchIngress: dependencies.liveCluster.fetchIngress,
  };
  const reportResult = await report(
    syncReport,
    eventHistory,
    dependencies.addresses,
    dependencies.instance,
    now,
    reportContext,
  );
  dependencies.metrics.recordWriteFailures(reportResult.failures);
  if (reportResult.isSettled)
    return { eventHistory: reportResult.history, ownedIngresses: publishedStatus.ownedIngresses };
  return {
    eventHistory: reportResult.history,
    ownedIngresses: [new Set(listIngressIds([...previouslyOwned, ...publishedStatus.ownedIngresses]))],
  };
}

function listIngressIds(idSets: readonly IngressIdSet[]): string[] {
  return [...new Set(idSets.flatMap((ids) => [...ids.keys()]))];
}

function buildPublishedStatus(
  { compilation, brokenSince }: CompiledCluster,
  outcome: SyncOutcome,
  previouslyOwned: readonly IngressIdSet[],
): PublishedStatus {
  const { publishResult, changedIngresses } = outcome;
  return {
    generation: publishResult.generation,
    digest: publishResult.digest,
    isNew: publishResult.hasChanged,
    ownedIngresses: [compilation.ingresses, brokenSince],
    previouslyOwned,
    routedIngresses: findRoutedIngresses(outcome.pin ? publishResult.snapshot.hosts : compilation.rules.hosts),
    closedIngresses: findClosedIngresses(publishResult.snapshot.hosts),
    changedIngresses,
  };
}
