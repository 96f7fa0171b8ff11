import { isHttpRouteOwner } from "../../../src/rules/storage/route-id.ts";
import type { Diagnostic } from "../../compile/diagnostics.ts";
import { diffLists } from "../../incremental/list-diff.ts";
import { findClosedIngresses } from "../../publish/changes/closed-routes.ts";
import { findRoutedIngresses } from "../../publish/guard/changed-ingresses.ts";
import { countHostRoutes } from "../../publish/guard/removals.ts";
import type { EventHistory } from "../../report/events.ts";
import { type Logger, logDiagnostic } from "../../report/log.ts";
import type { Metrics, SyncGauges } from "../../report/metrics.ts";
import {
  addPublication,
  type IngressIdSet,
  type PublishedStatus,
  type ReportResult,
  report,
  type Unreported,
} from "../../report/report.ts";
import type { ControllerDependencies, LoopState } from "../loop-state.ts";
import type { CompiledCluster } from "../pipeline.ts";
import type { PublishedBase, SyncOutcome } from "../publish-cluster.ts";
import { countBlockedRoutes, reportBlockedRemovals } from "./blocked-removals.ts";
import { countSelections, logIgnoredIngresses } from "./ignored-ingresses.ts";
import { logHostChanges } from "./log-host-changes.ts";
import { logPin } from "./log-pin.ts";
import { logRollout } from "./log-rollout.ts";
import { reportGatewayObjects } from "./report-gateway-objects.ts";

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
  state: Pick<
    LoopState,
    | "ownedIngresses"
    | "eventHistory"
    | "unreported"
    | "incompleteReports"
    | "loggedDiagnostics"
    | "ignoredIngresses"
    | "pin"
  >,
  { now, signal }: { readonly now: Date; readonly signal: AbortSignal },
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
  const { publishResult, changedIngresses } = outcome;
  const unreported = addPublication(state.unreported, changedIngresses, publishResult);
  const publishedStatus = buildPublishedStatus(compiled, outcome, previouslyOwned, unreported);
  const reportSignal = AbortSignal.any([AbortSignal.timeout(REPORT_TIMEOUT_MS), signal]);
  const [{ hasRemaining, ...reported }, gatewayResult] = await Promise.all([
    reportObjects(dependencies, compiled, publishedStatus, state.eventHistory, now, reportSignal),
    reportGatewayObjects(dependencies, compiled, outcome, now, reportSignal),
  ]);
  const isIncomplete = hasRemaining || gatewayResult.hasRemaining;
  return { ...reported, incompleteReports: isIncomplete ? state.incompleteReports + 1 : 0 };
}

type ReportedState = Pick<LoopState, "eventHistory" | "ownedIngresses" | "unreported" | "incompleteReports">;

/** Sets the gauges of a sync. */
export function recordMetrics(
  metrics: Metrics,
  { cluster, compilation, brokenSince }: CompiledCluster,
  gauges: Pick<SyncGauges, "blockedRouteRemovals" | "pinnedGeneration" | "rolloutShare" | "isCandidateAborted">,
): void {
  const { rules, diagnostics, ingresses: selectedIngresses, ignoredIngresses } = compilation;
  const { ingresses, classes, services, secrets, configMaps, gateway } = cluster;
  metrics.setGauges({
    objects: {
      Ingress: ingresses.length,
      IngressClass: classes.length,
      Service: services.length,
      Secret: secrets.length,
      ConfigMap: configMaps.length,
      GatewayClass: gateway.gatewayClasses.length,
      Gateway: gateway.gateways.length,
      ListenerSet: gateway.listenerSets.length,
      HTTPRoute: gateway.httpRoutes.length,
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
  publishedStatus: PublishedStatus,
  eventHistory: EventHistory,
  now: Date,
  signal: AbortSignal,
): Promise<Omit<ReportedState, "incompleteReports"> & Pick<ReportResult, "hasRemaining">> {
  const { previouslyOwned } = publishedStatus;
  const reportContext = {
    api: dependencies.api,
    print: (line: string) => dependencies.log.warn(line),
    signal,
  };
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
  const { history, isSettled, hasRemaining, unreported } = reportResult;
  const ownedIngresses = isSettled
    ? publishedStatus.ownedIngresses
    : [new Set(listIngressIds([...previouslyOwned, ...publishedStatus.ownedIngresses]))];
  return { eventHistory: history, ownedIngresses, unreported, hasRemaining };
}

/** Returns the names of Ingresses, without those of HTTPRoutes: "HTTPRoute namespace/name". */
function listIngressIds(idSets: readonly IngressIdSet[]): string[] {
  return [...new Set(idSets.flatMap((ids) => [...ids.keys()]))].filter((id) => !isHttpRouteOwner(id));
}

function buildPublishedStatus(
  { compilation, brokenSince }: CompiledCluster,
  outcome: SyncOutcome,
  previouslyOwned: readonly IngressIdSet[],
  unreported: Unreported,
): PublishedStatus {
  const { publishResult } = outcome;
  return {
    generation: publishResult.generation,
    ownedIngresses: [compilation.ingresses, brokenSince],
    previouslyOwned,
    routedIngresses: findRoutedIngresses(outcome.pin ? publishResult.snapshot.hosts : compilation.rules.hosts),
    closedIngresses: findClosedIngresses(publishResult.snapshot.hosts),
    unreported,
  };
}
