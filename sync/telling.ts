import type { CompiledCluster, Done, Knowledge } from "./cluster-round.ts";
import type { Diagnostic } from "./compile/diagnostic.ts";
import type { Before } from "./compile/quarantine.ts";
import { differences } from "./differences.ts";
import type { Job, State } from "./job.ts";
import { routedIn } from "./publish/changed.ts";
import { routesIn, textOf } from "./publish/deletion-guard.ts";
import type { Told } from "./report/events.ts";
import { showHeldBack } from "./report/held-back.ts";
import { type Logger, logDiagnostic } from "./report/log.ts";
import type { Metrics } from "./report/metrics.ts";
import { type Live, type Names, report } from "./report/report.ts";

const REPORT_MS = 60_000;

/** Shows in the metrics what a round has seen. */
export function measure(metrics: Metrics, { known, kept }: CompiledCluster, heldBackRoutes: number): void {
  const { ingresses, classes, services, secrets, configMaps } = known.cluster;
  const { rules, diagnostics } = kept.compiled;
  metrics.show({
    objects: {
      Ingress: ingresses.length,
      IngressClass: classes.length,
      Service: services.length,
      Secret: secrets.length,
      ConfigMap: configMaps.length,
    },
    hosts: rules.hosts.length,
    routes: routesIn(rules.hosts),
    diagnostics,
    quarantined: kept.quarantined.size,
    heldBackRoutes,
  });
}

/** Logs and counts what a round came to. */
export function logRound({ log, metrics }: Job, done: Done): void {
  if (done.outcome === "held") {
    const { id, heldBack } = done.verdict;
    log.error({ id }, `held back: ${heldBack}; look at it and confirm it with: edgress approve ${id}`);
    return;
  }
  const { writes, bytes, published } = done;
  const { generation, digest, warnings } = published;
  for (const warning of warnings) log.warn(warning);
  metrics.generation(generation);
  metrics.wrote({ writes, bytes });
  const line = `${done.outcome} generation=${generation} digest=${digest} writes=${writes}`;
  log[done.outcome === "published" ? "info" : "debug"]({ generation, digest, writes, bytes }, line);
}

/** Logs the diagnostics that were not there before; one that was made anew and says the same was. */
export function logNews(log: Logger, { kept }: Done, before: readonly Diagnostic[]): void {
  const { gone, fresh } = differences(before, kept.compiled.diagnostics);
  const said = new Set(gone.map((diagnostic) => JSON.stringify(diagnostic)));
  for (const diagnostic of fresh) if (!said.has(JSON.stringify(diagnostic))) logDiagnostic(log, diagnostic);
}

/** Keeps the ConfigMap in step with what is held back. The round is not the worse where that fails. */
export async function showHeld({ api, namespace, heldBack, log, metrics }: Job, done: Done, now: Date): Promise<void> {
  const shown = heldBack();
  const verdict = done.outcome === "held" ? done.verdict : undefined;
  if (verdict?.id === shown?.id) return;
  const { id = "", heldBack: reason = "" } = verdict ?? {};
  const text = verdict && { id, since: now.toISOString(), reason, routes: textOf(verdict) };
  await showHeldBack(api, namespace, text).catch((error: Error) => {
    metrics.reportFailed(1);
    log.warn(`what is held back could not be shown: ${error.message}`);
  });
}

/** The Ingresses that were ours in the last round: their routes are published, or they are written down. */
export function oursIn({ held }: Knowledge, { lastGood }: Before): readonly Names[] {
  return [routedIn(held.hosts), lastGood];
}

/** Reports on a round; resolves with what has been told, and which Ingresses may say by now that they are ours. */
export async function tell(
  job: Job,
  done: Done,
  were: readonly Names[],
  told: Told,
  now: Date,
): Promise<Pick<State, "told" | "ours">> {
  const reporting = {
    api: job.api,
    print: (line: string) => job.log.warn(line),
    ended: AbortSignal.timeout(REPORT_MS),
  };
  const live = done.outcome === "held" ? undefined : liveOf(done, were);
  const { ingresses } = job.live.known() ?? done.known; // as they are by now: a patch is for one version alone
  const reported = {
    ingresses,
    find: job.live.find,
    diagnostics: done.kept.compiled.diagnostics,
    live,
    outOfSight: job.live.seesAll ? [] : namesOf(were).filter((id) => !job.live.find(`Ingress ${id}`)),
    lookAt: job.live.lookAt,
  };
  const reports = await report(reported, told, job.addresses, job.instance, now, reporting);
  job.metrics.reportFailed(reports.failures);
  if (reports.isSettled && live) return { told: reports.told, ours: live.ours };
  return { told: reports.told, ours: [new Set(namesOf([...were, ...(live?.ours ?? [])]))] };
}

function namesOf(all: readonly Names[]): string[] {
  return [...new Set(all.flatMap((names) => [...names.keys()]))];
}

function liveOf(done: Extract<Done, { outcome: "published" | "unchanged" }>, were: readonly Names[]): Live {
  const { published, changed, kept } = done;
  return {
    generation: published.generation,
    digest: published.digest,
    isNew: published.changed,
    ours: [kept.compiled.ours, kept.quarantined],
    were,
    routed: routedIn(kept.compiled.rules.hosts),
    changed,
  };
}
