import type { LintReport, ReportedFinding } from "../verdicts/report.ts";
import { formatHtml } from "./html.ts";
import { formatJson } from "./json.ts";
import { formatJunit } from "./junit.ts";
import { formatMarkdown } from "./markdown.ts";
import { buildSarif } from "./sarif.ts";
import type { TextOptions } from "./text/layout.ts";
import { formatSummary } from "./text/summary-text.ts";
import { formatText } from "./text/text-report.ts";

export type ReportFormat = "text" | "json" | "markdown" | "html" | "sarif" | "junit";

export interface ReportOptions {
  readonly format: ReportFormat;
  /** Prints the summary only, as text. */
  readonly summary: boolean;
  readonly terminal: TextOptions;
  readonly fails: (finding: ReportedFinding) => boolean;
}

/** Formats a report as lines. */
export function formatReport(
  report: LintReport,
  { format, summary, terminal, fails }: ReportOptions,
): readonly string[] {
  switch (format) {
    case "text":
      return summary ? formatSummary(report, terminal) : formatText(report, terminal);
    case "json":
      return [formatJson(report)];
    case "markdown":
      return formatMarkdown(report);
    case "html":
      return formatHtml(report);
    case "sarif":
      return [JSON.stringify(buildSarif(report), null, 2)];
    case "junit":
      return [formatJunit(report, fails)];
  }
}
