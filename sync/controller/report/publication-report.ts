import type { HostRules } from "../../../src/rules/snapshot.ts";
import { type Diagnostic, formatDiagnostic, hasErrors } from "../../compile/diagnostics.ts";
import { formatIgnoredIngresses, type IgnoredIngress } from "../../compile/select/ignored-ingresses.ts";
import type { Adoption } from "../../edge/wait-for-edge.ts";
import { listClosedRoutes } from "../../publish/changes/closed-routes.ts";
import { type Changes, formatChanges, formatClosedRoutes } from "../../publish/changes/format-changes.ts";
import type { StaleRecord } from "../../publish/dns/sync-records.ts";
import type { BlockedRemoval } from "../../publish/guard/deletion-guard.ts";
import { countHostRoutes } from "../../publish/guard/removals.ts";
import type { PublishedSnapshot } from "../../publish/read-published.ts";
import { foldNames } from "../../runtime/fold.ts";
import { formatCount } from "../../runtime/format-count.ts";
import type { PublicationFormat } from "../../runtime/publication-format.ts";
import type { CompiledCluster } from "../pipeline.ts";
import { collectChanges } from "../plan-changes.ts";
import type { ManifestPublication } from "../publish-manifests.ts";
import { withPublicationDiagnostics } from "./publication-diagnostics.ts";

/** Exit codes of commands that publish. */
const FAILURE_EXIT_CODE = 1;
const WOULD_CHANGE_EXIT_CODE = 2;

/** What a publication did, or what a dry run found that it would do. */
export interface PublicationReport {
  readonly result: "published" | "unchanged" | "would-change" | "would-not-change";
  /** The published generation; 0 without one. In a dry run, the active one. */
  readonly generation: number;
  readonly digest: string;
  readonly writes: number; // keys
  readonly hosts: readonly HostRules[];
  readonly changes: Changes;
  readonly blockedRemovals: readonly BlockedRemoval[];
  readonly staleRecords: readonly StaleRecord[];
  readonly ignoredIngresses: readonly IgnoredIngress[];
  readonly diagnostics: readonly Diagnostic[];
  readonly warnings: readonly string[];
}

/** Builds the report of a publication of manifests. */
export function buildPublicationReport(
  compiled: CompiledCluster,
  publication: ManifestPublication,
  before: Pick<PublishedSnapshot, "hosts">,
): PublicationReport {
  const { publishResult, recordChanges, staleRecords, blockedRemovals, hostResult } = publication;
  const { generation, digest, hasChanged, writes, warnings, snapshot } = publishResult;
  const { ignoredIngresses, diagnostics } = withPublicationDiagnostics(compiled, publication).compilation;
  return {
    result: hasChanged ? "published" : "unchanged",
    generation,
    digest,
    writes,
    hosts: snapshot.hosts,
    changes: collectChanges(before, snapshot, recordChanges, hostResult?.changes),
    blockedRemovals,
    staleRecords,
    ignoredIngresses,
    diagnostics,
    warnings: [...warnings, ...(hostResult?.warnings ?? [])],
  };
}

/** Formats why nothing was published. */
export function formatRejection(problems: readonly string[], reason: string, format: PublicationFormat): string[] {
  if (format === "json") return [JSON.stringify({ result: "rejected", reason, problems }, null, 2)];
  return [...problems, `nothing was published: ${reason}`];
}

/** Returns a report as lines for people, or as one JSON document. */
export function formatPublication(report: PublicationReport, format: PublicationFormat, adoption?: Adoption): string[] {
  return format === "json" ? [JSON.stringify({ ...buildJson(report), edge: adoption }, null, 2)] : formatText(report);
}

/** Returns the exit code: 1 if an object was rejected or a removal was blocked, 2 if a dry run found changes, else 0. */
export function computeReportExitCode({ result, diagnostics, blockedRemovals }: PublicationReport): number {
  if (hasErrors(diagnostics) || blockedRemovals.length > 0) return FAILURE_EXIT_CODE;
  return result === "would-change" ? WOULD_CHANGE_EXIT_CODE : 0;
}

function formatText(report: PublicationReport): string[] {
  const { diagnostics, warnings, blockedRemovals, ignoredIngresses, changes, hosts, staleRecords } = report;
  return [
    ...diagnostics.map(formatDiagnostic),
    ...warnings.map((warning) => `warning ${warning}`),
    ...blockedRemovals.flatMap(formatBlockedRemoval),
    ...formatIgnoredIngresses(ignoredIngresses).map((line) => `note ${line}`),
    ...formatStaleRecords(staleRecords),
    ...formatChanges(changes),
    ...formatClosedRoutes(listClosedRoutes(hosts)),
    formatResult(report),
  ];
}

/** Formats a blocked removal, and the lines that it would remove. */
export function formatBlockedRemoval({
  namespace,
  reason,
  lines,
}: Pick<BlockedRemoval, "namespace" | "reason" | "lines">): string[] {
  const problem = `error deletion blocked: ${reason} (namespace ${namespace}). Review it, then use --allow-mass-deletion`;
  return [problem, ...lines.map((line) => `  ${line}`)];
}

function formatStaleRecords(staleRecords: readonly StaleRecord[]): string[] {
  if (staleRecords.length === 0) return [];
  const names = foldNames(staleRecords.map(({ record }) => record.name));
  const count = staleRecords.length === 1 ? "1 DNS record is" : `${staleRecords.length} DNS records are`;
  return [
    `note ${count} not needed by any rule: ${names}. The first run after 1 h removes ${staleRecords.length === 1 ? "it" : "them"}`,
  ];
}

function formatResult({ result, generation, digest, writes, hosts }: PublicationReport): string {
  const size = `${formatCount(hosts.length, "host")} with ${formatCount(countHostRoutes(hosts), "route")}`;
  switch (result) {
    case "published":
    case "unchanged":
      return `${result} generation=${generation} digest=${digest} writes=${writes}`;
    case "would-change":
      return `would publish ${size}; generation ${generation} is active`;
    case "would-not-change":
      return `nothing to change: ${size}; generation ${generation} is active`;
  }
}

function buildJson({ hosts, blockedRemovals, staleRecords, ...report }: PublicationReport) {
  return {
    ...report,
    hosts: hosts.length,
    routes: countHostRoutes(hosts),
    closedRoutes: listClosedRoutes(hosts),
    blockedRemovals: blockedRemovals.map(({ namespace, reason, id, lines }) => ({ namespace, reason, id, lines })),
    staleRecords: staleRecords.map(({ record }) => record.name),
  };
}
