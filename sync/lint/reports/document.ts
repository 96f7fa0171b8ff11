import { formatCount } from "../../runtime/format-count.ts";
import { formatSkippedClasses } from "../input/class-selection.ts";
import { shortenCauseId } from "../verdicts/causes.ts";
import type { Cause, LintReport, ReportedFinding } from "../verdicts/report.ts";
import {
  formatKindCounts,
  formatTotals,
  hasOnlyIngresses,
  listCountedKinds,
  summarize,
  VERDICT_LABELS,
} from "./summary.ts";
import { formatResponses, formatVerdict } from "./words.ts";

/** A part of a document, for Markdown and HTML. All texts are plain. */
export type Block =
  | { readonly type: "heading"; readonly level: 1 | 2; readonly text: string }
  | { readonly type: "paragraph"; readonly text: string }
  | { readonly type: "table"; readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly type: "details"; readonly title: string; readonly blocks: readonly Block[] };

/** Builds a document: the summary, the causes that block hosts, a verdict per host, and all findings folded by cause. */
export function buildDocument(report: LintReport): Block[] {
  return [
    { type: "heading", level: 1, text: "Migration to edgress" },
    ...buildSummary(report),
    { type: "heading", level: 2, text: "Hosts" },
    {
      type: "table",
      header: ["Host", "Verdict", hasOnlyIngresses(report) ? "Ingresses" : "Objects", "Causes"],
      rows: report.hosts.map((host) => [
        host.name,
        formatVerdict(host),
        (hasOnlyIngresses(report) ? host.ingresses : host.objects).join(", "),
        host.causes.map(shortenCauseId).join(", "),
      ]),
    },
    { type: "heading", level: 2, text: "Findings" },
    ...report.causes.map(buildCauseDetails),
    ...buildUncheckedObjects(report),
  ];
}

function buildSummary(report: LintReport): Block[] {
  const summary = summarize(report);
  const { doFirst, blockingCauses, knownFindings } = summary;
  const kinds = listCountedKinds(summary);
  const paragraphs = [
    ...(doFirst
      ? [
          `Do first: ${doFirst.cause.remedies[0] ?? doFirst.cause.title} (${shortenCauseId(doFirst.cause.id)}). It blocks ${formatCount(doFirst.cause.hosts.length, "host")}; ${formatCount(doFirst.freedHosts, "host")} can move after it.`,
        ]
      : []),
    `Findings: ${formatKindCounts(summary)}.`,
    ...(knownFindings > 0 ? [`Baseline: ${formatCount(knownFindings, "known finding")}.`] : []),
    ...(report.skippedClasses.length > 0 ? [`Skipped classes: ${formatSkippedClasses(report.skippedClasses)}.`] : []),
  ];
  return [
    { type: "paragraph", text: `${formatTotals(summary)}.` },
    {
      type: "table",
      header: ["Verdict", "Hosts", ...kinds.map((kind) => formatCount(0, kind).slice(2))],
      rows: summary.verdicts.map(({ verdict, hosts, objects }) => [
        VERDICT_LABELS[verdict],
        String(hosts),
        ...kinds.map((kind) => String(objects[kind] ?? 0)),
      ]),
    },
    ...buildCauseTable(blockingCauses),
    ...paragraphs.map((text): Block => ({ type: "paragraph", text })),
  ];
}

function buildCauseTable(causes: readonly Cause[]): Block[] {
  if (causes.length === 0) return [{ type: "paragraph", text: "No cause blocks a host." }];
  const rows = causes.map(({ id, title, hosts, objects, remedies }) => [
    title,
    id,
    String(hosts.length),
    String(objects.length),
    remedies[0] ?? "",
  ]);
  return [{ type: "table", header: ["Cause", "Rule", "Hosts", "Objects", "Remedy"], rows }];
}

function buildCauseDetails({ kind, title, id, remedies, findings }: Cause): Block {
  const hasOneRemedy = remedies.length === 1;
  return {
    type: "details",
    title: `${kind}: ${title} (${id}), ${formatCount(findings.length, "finding")}`,
    blocks: [
      ...(hasOneRemedy ? [{ type: "paragraph", text: `Do: ${remedies[0]}` } as const] : []),
      {
        type: "table",
        header: ["Object", "Place", "Source", "Finding", "Responses"],
        rows: findings.map((finding) => buildFindingRow(finding, hasOneRemedy)),
      },
    ],
  };
}

function buildFindingRow(finding: ReportedFinding, omitsRemedy: boolean): string[] {
  const { object, place, source, message, remedy, isKnown } = finding;
  const text = omitsRemedy || remedy === undefined ? message : `${message}; ${remedy}`;
  return [object, place, source, isKnown ? `${text} [known]` : text, formatResponses(finding) ?? ""];
}

function buildUncheckedObjects({ uncheckedObjects }: LintReport): Block[] {
  if (uncheckedObjects.length === 0) return [];
  const rows = uncheckedObjects.map(({ kind, namespace, name }) => [
    kind,
    namespace === "" ? name : `${namespace}/${name}`,
  ]);
  return [
    { type: "heading", level: 2, text: "Not checked" },
    { type: "paragraph", text: "The manifests do not contain these objects. They are assumed to exist." },
    { type: "table", header: ["Kind", "Name"], rows },
  ];
}
