import { formatCount } from "../../../runtime/format-count.ts";
import { formatSkippedClasses } from "../../input/class-selection.ts";
import { shortenCauseId } from "../../verdicts/causes.ts";
import type { Cause, CheckedKind, LintReport, VerdictKind } from "../../verdicts/report.ts";
import {
  formatKindCounts,
  formatTotals,
  formatUncheckedCounts,
  type LintSummary,
  listCountedKinds,
  summarize,
  VERDICT_LABELS,
} from "../summary.ts";
import { indentText, paint, type TextOptions, truncate, wrapText } from "./layout.ts";

/** The summary fits on a screen of 24 lines and 80 columns. */
const MAX_LINES = 23;
const MAX_COLUMNS = 80;
const MIN_CAUSES = 3;
const COUNT_COLUMNS = 11;
const KIND_COLUMNS = 15;
/** The title counts all kinds. */
const COLUMN_KINDS: readonly CheckedKind[] = ["Ingress", "HTTPRoute", "Gateway"];

const VERDICT_STYLES = {
  now: "green",
  "after-one-change": "yellow",
  "after-more-changes": "yellow",
  "cannot-move": "red",
} as const satisfies Record<VerdictKind, string>;

/** Formats the summary: verdicts, causes and the first step. */
export function formatSummary(report: LintReport, options: TextOptions): string[] {
  const summary = summarize(report);
  const width = Math.min(options.width, MAX_COLUMNS);
  const [title = "", ...titleRest] = wrapText(formatTotals(summary), width, "  ");
  const head = [paint("bold", title, options), ...titleRest, "", ...formatVerdictCounts(summary, options), ""];
  const tail = [...formatFirstStep(summary, width, options), ...formatRemarks(report, summary, width)];
  const causeLines = Math.max(MAX_LINES - head.length - tail.length - 3, MIN_CAUSES);
  return [...head, ...formatCauseTable(summary.blockingCauses, causeLines, width, options), ...tail];
}

function formatVerdictCounts(summary: LintSummary, options: TextOptions): string[] {
  const countedKinds = listCountedKinds(summary);
  const kindsInColumns = countedKinds.filter((kind) => COLUMN_KINDS.includes(kind));
  const kinds = kindsInColumns.length === 0 ? countedKinds.slice(0, 1) : kindsInColumns;
  return summary.verdicts.map(({ verdict, hosts, objects }) => {
    const label = paint(VERDICT_STYLES[verdict], VERDICT_LABELS[verdict].padEnd(20), options);
    const counts = kinds.map((kind) => formatCount(objects[kind] ?? 0, kind).padStart(KIND_COLUMNS));
    return `  ${label}${formatCount(hosts, "host").padStart(10)}${counts.join("")}`;
  });
}

function formatCauseTable(causes: readonly Cause[], maxRows: number, width: number, options: TextOptions): string[] {
  if (causes.length === 0) return ["No cause blocks a host.", ""];
  const nameColumns = width - 2 * COUNT_COLUMNS;
  const formatRow = (name: string, hosts: string, objects: string) =>
    truncate(name, nameColumns - 1).padEnd(nameColumns) +
    hosts.padStart(COUNT_COLUMNS) +
    objects.padStart(COUNT_COLUMNS);
  const rows = causes
    .slice(0, maxRows)
    .map(({ title, hosts, objects }) => formatRow(title, String(hosts.length), String(objects.length)));
  const rest = causes.length - rows.length;
  return [
    paint("bold", formatRow("CAUSE", "HOSTS", "OBJECTS"), options),
    ...rows,
    ...(rest > 0 ? [`and ${formatCount(rest, "more cause")}`] : []),
    "",
  ];
}

/** Causes that the manifests of `--write-services` remove. */
const SERVICE_CAUSES: ReadonlySet<string> = new Set(["NoExternalAddress", "PortNotProxied"]);

function formatFirstStep({ doFirst }: LintSummary, width: number, options: TextOptions): string[] {
  if (!doFirst) return [];
  const { cause, freedHosts } = doFirst;
  const [remedy = cause.title] = cause.remedies;
  const freed = freedHosts === 0 ? "" : `, ${formatCount(freedHosts, "host")} can move after it`;
  const [first = "", ...others] = wrapText(`Do first: ${remedy}`, width, "  ").slice(0, 3);
  const id = shortenCauseId(cause.id);
  const manifests = SERVICE_CAUSES.has(id) ? " --write-services DIR writes the Services to apply." : "";
  const effect = `It blocks ${formatCount(cause.hosts.length, "host")}${freed} (${id}).${manifests}`;
  return [paint("bold", first, options), ...others, ...indentText(effect, width, "  ")];
}

function formatRemarks(report: LintReport, summary: LintSummary, width: number): string[] {
  const { uncheckedObjects, skippedClasses, fixedFindings } = report;
  const remarks = [
    ...(uncheckedObjects.length > 0
      ? [`Not checked: ${formatUncheckedCounts(report)}, assumed to exist. --live checks them`]
      : []),
    ...(skippedClasses.length > 0 ? [`Skipped classes: ${formatSkippedClasses(skippedClasses)}`] : []),
    ...(summary.knownFindings > 0 ? [`Baseline: ${formatCount(summary.knownFindings, "known finding")}`] : []),
    ...(fixedFindings > 0
      ? [`Baseline: ${formatCount(fixedFindings, "finding")} no longer found; write it again`]
      : []),
    `Findings: ${formatKindCounts(summary)}`,
  ];
  return remarks.flatMap((remark) => wrapText(remark, width, "  "));
}
