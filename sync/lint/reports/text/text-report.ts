import { formatCount } from "../../../runtime/format-count.ts";
import { shortenCauseId } from "../../verdicts/causes.ts";
import type { Cause, LintReport, ReportedFinding } from "../../verdicts/report.ts";
import { hasOnlyIngresses } from "../summary.ts";
import { formatResponses, formatVerdict } from "../words.ts";
import { formatColumns, indentText, paint, type TextOptions, wrapText } from "./layout.ts";
import { formatSummary } from "./summary-text.ts";

/** Findings of a cause that are printed in full. Others are listed by object. */
const SHOWN_FINDINGS = 3;
const MAX_COLUMN = 40;

const KIND_STYLES = {
  error: "red",
  unsupported: "yellow",
  different: "yellow",
  note: "cyan",
  unchanged: "dim",
} as const;

/** Formats a report: the summary, a verdict per host, the causes with their findings, and the objects not checked. */
export function formatText(report: LintReport, options: TextOptions): string[] {
  const unfoldedCauses = report.causes.filter((cause) => options.verbose || !isFolded(cause));
  const foldedCauses = report.causes.filter((cause) => !unfoldedCauses.includes(cause));
  return [
    ...formatSummary(report, options),
    ...formatHosts(report, options),
    ...unfoldedCauses.flatMap((cause) => formatCause(cause, options)),
    ...formatFoldedCauses(foldedCauses, options),
    ...formatUncheckedObjects(report, options),
  ];
}

function isFolded({ kind }: Cause): boolean {
  return kind === "note" || kind === "unchanged";
}

function formatHosts(report: LintReport, options: TextOptions): string[] {
  const { hosts } = report;
  if (hosts.length === 0) return [];
  const rows = hosts.map((host) => [
    host.name,
    formatVerdict(host),
    String(host.objects.length),
    host.causes.map(shortenCauseId).join(", "),
  ]);
  const [heading = "", ...lines] = formatColumns(
    [["HOST", "VERDICT", hasOnlyIngresses(report) ? "INGRESSES" : "OBJECTS", "CAUSES"], ...rows],
    options.width,
    MAX_COLUMN,
  );
  return ["", paint("bold", heading, options), ...lines];
}

function formatCause(cause: Cause, options: TextOptions): string[] {
  const { kind, title, id, remedies, findings } = cause;
  const { width, verbose } = options;
  const [heading = "", ...headingRest] = wrapText(`${kind}: ${title} (${id})`, width, "  ");
  const shownFindings = verbose ? findings : findings.slice(0, SHOWN_FINDINGS);
  // A text that all findings share is printed once.
  const [message, otherMessage] = new Set(findings.map((finding) => finding.message));
  const [remedy, otherRemedy] = remedies;
  const sharedMessage = otherMessage === undefined && findings.length > 1 ? message : undefined;
  const sharedRemedy = otherRemedy === undefined ? remedy : undefined;
  return [
    "",
    paint(KIND_STYLES[kind], heading, options),
    ...headingRest,
    ...indentText(formatScope(cause), width, "  "),
    ...(sharedMessage === undefined ? [] : indentText(sharedMessage, width, "  ")),
    ...(sharedRemedy === undefined ? [] : indentText(`Do: ${sharedRemedy}`, width, "  ")),
    ...shownFindings.flatMap((finding) =>
      formatFinding(finding, sharedMessage === undefined, sharedRemedy === undefined, width),
    ),
    ...formatOtherFindings(findings.slice(shownFindings.length), width),
  ];
}

function formatScope({ hosts, objects }: Cause): string {
  return [...(hosts.length > 0 ? [formatCount(hosts.length, "host")] : []), formatCount(objects.length, "object")].join(
    ", ",
  );
}

function formatFinding(finding: ReportedFinding, withMessage: boolean, withRemedy: boolean, width: number): string[] {
  const { object, place, source, message, remedy, isKnown } = finding;
  const responses = formatResponses(finding);
  return [
    ...wrapText(`  - ${object}, ${place} (${source})${isKnown ? " [known]" : ""}`, width, "    "),
    ...(withMessage ? indentText(message, width, "    ") : []),
    ...(withRemedy && remedy !== undefined ? indentText(`Do: ${remedy}`, width, "    ") : []),
    ...(responses === undefined ? [] : indentText(responses, width, "    ")),
  ];
}

function formatOtherFindings(findings: readonly ReportedFinding[], width: number): string[] {
  if (findings.length === 0) return [];
  const names = [...new Set(findings.map(({ object }) => object.replace(/^Ingress /, "")))];
  return indentText(`and ${findings.length} more, with --verbose: ${names.join(", ")}`, width, "  ");
}

/** Formats notes, one line per cause. */
function formatFoldedCauses(causes: readonly Cause[], options: TextOptions): string[] {
  if (causes.length === 0) return [];
  const rows = causes.map(({ kind, title, id, findings }) => [kind, String(findings.length), `${title} (${id})`]);
  return [
    "",
    paint("bold", "Notes, with --verbose in full:", options),
    ...formatColumns(rows, options.width, MAX_COLUMN),
  ];
}

function formatUncheckedObjects({ uncheckedObjects }: LintReport, { width }: TextOptions): string[] {
  const byKind = Map.groupBy(uncheckedObjects, ({ kind }) => kind);
  const lines = [...byKind].flatMap(([kind, objects]) => {
    const names = objects.map(({ namespace, name }) => (namespace === "" ? name : `${namespace}/${name}`));
    return wrapText(`Not checked, ${kind}: ${names.join(", ")}`, width, "  ");
  });
  return lines.length === 0 ? [] : ["", ...lines];
}
