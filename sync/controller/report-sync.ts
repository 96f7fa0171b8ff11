import type { Diagnostic } from "../compile/diagnostics.ts";
import type { PreviousState } from "../compile/last-good.ts";
import { diffLists } from "../incremental/list-diff.ts";
import { findRoutedIngresses } from "../publish/guard/changed-ingresses.ts";
import { countHostRoutes, formatRemovalList } from "../publish/guard/deletion-guard.ts";
import { writeApprovalRequest } from "../report/approval-config-map.ts";
import type { EventHistory } from "../report/events.ts";
import { type Logger, logDiagnostic } from "../report/log.ts";
import type { Metrics } from "../report/metrics.ts";
import { type IngressIdSet, type PublishedStatus, report } from "../report/report.ts";
import type { ControllerDependencies, LoopState } from "./loop-state.ts";
import type { CompiledCluster, PublishedState, SyncOutcome } from "./sync-cluster.ts";

const REPORT_TIMEOUT_MS = 60_000;

/** Shows in the metrics what a round has seen. */
export function recordMetrics(
  metrics: Metrics,
  { observedCluster, compilation }: CompiledCluster,
  blockedRouteRemovals: number,
): void {
  const { ingresses, classes, services, secrets, configMaps } = observedCluster.cluster;
  const { rules, diagnostics } = compilation.compilation;
  metrics.setGauges({
    objects: {
      Ingress: ingresses.length,
      IngressClass: classes.length,
      Service: services.length,
      Secret: secrets.length,
      ConfigMap: configMaps.length,
    },
    hosts: rules.hosts.length,
    routes: countHostRoutes(rules.hosts),
    diagnostics,
    lastGoodIngresses: compilation.brokenSince.size,
    blockedRouteRemovals,
  });
}

/** Logs and counts what a round came to. */
export function logOutcome({ log, metrics }: ControllerDependencies, outcome: SyncOutcome): void {
  if (outcome.type === "blocked") {
    const { id, blockedReason } = outcome.verdict;
    log.error({ id }, `held back: ${blockedReason}; look at it and confirm it with: edgress approve ${id}`);
    return;
  }
  const { writes, bytes, publishResult } = outcome;
  const { generation, digest, warnings } = publishResult;
  for (const warning of warnings) log.warn(warning);
  metrics.setGeneration(generation);
  metrics.recordWrites({ writes, bytes });
  const line = `${outcome.type} generation=${generation} digest=${digest} writes=${writes}`;
  log[outcome.type === "published" ? "info" : "debug"]({ generation, digest, writes, bytes }, line);
}

/** Logs the diagnostics that were not there before; one that was made anew and says the same was. */
export function logNewDiagnostics(
  log: Logger,
  { compilation }: SyncOutcome,
  previousDiagnostics: readonly Diagnostic[],
): void {
  const { removed, added } = diffLists(previousDiagnostics, compilation.compilation.diagnostics);
  const removedTexts = new Set(removed.map((diagnostic) => JSON.stringify(diagnostic)));
  for (const diagnostic of added) if (!removedTexts.has(JSON.stringify(diagnostic))) logDiagnostic(log, diagnostic);
}

/** Keeps the ConfigMap in step with what is held back. The round is not the worse where that fails. */
export async function syncApprovalConfigMap(
  { api, namespace, getApprovalRequest, log, metrics }: ControllerDependencies,
  outcome: SyncOutcome,
  now: Date,
): Promise<void> {
  const currentRequest = getApprovalRequest();
  const verdict = outcome.type === "blocked" ? outcome.verdict : undefined;
  if (verdict?.id === currentRequest?.id) return;
  const { id = "", blockedReason: reason = "" } = verdict ?? {};
  const newRequest = verdict && { id, since: now.toISOString(), reason, routes: formatRemovalList(verdict) };
  await writeApprovalRequest(api, namespace, newRequest).catch((error: Error) => {
    metrics.recordWriteFailures(1);
    log.warn(`what is held back could not be shown: ${error.message}`);
  });
}

/** The Ingresses that were ours in the last round: their routes are published, or they are written down. */
export function findPreviouslyOwned(
  { snapshot }: PublishedState,
  { lastGood }: PreviousState,
): readonly IngressIdSet[] {
  return [findRoutedIngresses(snapshot.hosts), lastGood];
}

/** Reports on a round; resolves with what has been told, and which Ingresses may say by now that they are ours. */
export async function reportSync(
  dependencies: ControllerDependencies,
  outcome: SyncOutcome,
  previouslyOwned: readonly IngressIdSet[],
  eventHistory: EventHistory,
  now: Date,
): Promise<Pick<LoopState, "eventHistory" | "ownedIngresses">> {
  const reportContext = {
    api: dependencies.api,
    print: (line: string) => dependencies.log.warn(line),
    signal: AbortSignal.timeout(REPORT_TIMEOUT_MS),
  };
  const publishedStatus = outcome.type === "blocked" ? undefined : buildPublishedStatus(outcome, previouslyOwned);
  const { ingresses } = dependencies.liveCluster.read() ?? outcome.observedCluster; // as they are by now: a patch is for one version alone
  const syncReport = {
    ingresses,
    findObject: dependencies.liveCluster.findObject,
    diagnostics: outcome.compilation.compilation.diagnostics,
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
  if (reportResult.isSettled && publishedStatus)
    return { eventHistory: reportResult.history, ownedIngresses: publishedStatus.ownedIngresses };
  return {
    eventHistory: reportResult.history,
    ownedIngresses: [new Set(listIngressIds([...previouslyOwned, ...(publishedStatus?.ownedIngresses ?? [])]))],
  };
}

function listIngressIds(idSets: readonly IngressIdSet[]): string[] {
  return [...new Set(idSets.flatMap((ids) => [...ids.keys()]))];
}

function buildPublishedStatus(
  outcome: Extract<SyncOutcome, { type: "published" | "unchanged" }>,
  previouslyOwned: readonly IngressIdSet[],
): PublishedStatus {
  const { publishResult, changedIngresses, compilation } = outcome;
  return {
    generation: publishResult.generation,
    digest: publishResult.digest,
    isNew: publishResult.hasChanged,
    ownedIngresses: [compilation.compilation.ingresses, compilation.brokenSince],
    previouslyOwned,
    routedIngresses: findRoutedIngresses(compilation.compilation.rules.hosts),
    changedIngresses,
  };
}
