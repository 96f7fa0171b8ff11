import { writeFile } from "node:fs/promises";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { WORKER_VARIABLES } from "../src/env.ts";
import { LOG_EVENTS } from "../src/load/log-events.ts";
import { ACCESS_LOG_FIELDS } from "../src/request/access-log.ts";
import { REQUEST_OUTCOMES } from "../src/request/outcomes.ts";
import { CONTROLLER_VARIABLES } from "../sync/commands/help/environment-variables.ts";
import { diagnosticReasons } from "../sync/compile/diagnostic-reasons.ts";
import { lintRules } from "../sync/lint/findings/lint-rules.ts";
import { METRICS } from "../sync/report/metrics.ts";
import { formatAnnotationsPage } from "./docs/annotations-page.ts";
import { formatCliPage } from "./docs/command-page.ts";
import { formatGatewayPage } from "./docs/gateway-page.ts";
import { formatCode, formatMarkdownTable, formatSentence, joinParts } from "./docs/markdown.ts";

const ROOT = new URL("../", import.meta.url);

/** The generated pages, by path from the repository's root. */
export const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  "docs/reference/annotations.md": formatAnnotationsPage,
  "docs/reference/diagnostics.md": formatDiagnosticsPage,
  "docs/reference/gateway-api.md": formatGatewayPage,
  "docs/reference/lint-rules.md": formatLintRulesPage,
  "docs/reference/metrics.md": formatMetricsPage,
  "docs/reference/cli.md": formatCliPage,
  "docs/reference/environment.md": formatEnvironmentPage,
  "docs/reference/access-log.md": formatAccessLogPage,
};

/** Returns where a page is written. */
export function pathOf(page: string): string {
  return fileURLToPath(new URL(page, ROOT));
}

function formatDiagnosticsPage(): string {
  const rows = Object.entries(diagnosticReasons).map(([reason, row]) => [
    `[\`${reason}\`](../operations.md#${reason.toLowerCase()})`,
    row.severity,
    "isIngressError" in row ? "yes" : "no",
    row.doc,
  ]);
  return joinParts(
    "# Diagnostics",
    "A diagnostic names the object, the field, the problem and the remedy. Its reason is the reason of the Kubernetes Event.",
    "An error drops or closes the path or object that it names, and nothing else. Warnings and notes do not.",
    "",
    "*Last good*: the error is in the Ingress itself, so its last good version is served.",
    "[Operations](../operations.md#diagnostic-reasons) has a section per reason.",
    "",
    formatMarkdownTable(["Reason", "Severity", "Last good", "Meaning"], rows),
  );
}

function formatLintRulesPage(): string {
  const sections = Object.entries(lintRules).flatMap(([rule, { title, doc }]) => [
    "",
    `## ${rule}`,
    "",
    `${title}. ${doc}`,
  ]);
  return joinParts(
    "# Lint rules",
    "`edgress lint` reports these rules besides the [diagnostics](diagnostics.md). [Lint](../lint.md) explains the kinds of findings.",
    ...sections,
  );
}

function formatMetricsPage(): string {
  return joinParts(
    "# Metrics",
    "The controller serves these metrics at `/metrics` on port 10254 (`--health-port`), besides those of the process (`process_…`,",
    "`nodejs_…`). `deploy/monitoring` has alerts and a dashboard.",
    "",
    formatMarkdownTable(
      ["Metric", "Meaning"],
      Object.entries(METRICS).map(([name, meaning]) => [formatCode(name), meaning]),
    ),
  );
}

interface VariableRow {
  readonly required: boolean;
  readonly file?: boolean;
  readonly default?: string;
  readonly doc: string;
}

function formatEnvironmentPage(): string {
  return joinParts(
    "# Environment variables",
    "`edgress keys` prints the keys.",
    "",
    "## Controller and command line",
    "",
    "`<NAME>_FILE` sets the path of a file with the value, so that no secret is in the environment. Spaces and line ends around the",
    "value are removed. The file is read once, at the start.",
    "",
    formatVariableTable(CONTROLLER_VARIABLES),
    "",
    "## Worker",
    "",
    "Set them in `wrangler.toml`, and secrets with `wrangler secret put`.",
    "",
    formatVariableTable(WORKER_VARIABLES),
  );
}

function formatVariableTable(variables: Readonly<Record<string, VariableRow>>): string {
  const rows = Object.entries(variables).map(([name, { doc, required, file, default: value }]) => [
    file ? `${formatCode(name)} or ${formatCode(`${name}_FILE`)}` : formatCode(name),
    required ? "yes" : "no",
    value === undefined || value === "none" ? "none" : formatCode(value),
    formatSentence(doc),
  ]);
  return formatMarkdownTable(["Variable", "Required", "Default", "Meaning"], rows);
}

function formatAccessLogPage(): string {
  return joinParts(
    "# Access log",
    "The Worker writes one JSON line per request, for `wrangler tail` and Workers Logs. It has no query, no cookie and no header except",
    "`User-Agent` and `CF-Ray`, because those may contain secrets. A field without a value is absent. Texts are cut after 512 characters.",
    "",
    "## Fields",
    "",
    formatMarkdownTable(
      ["Field", "Meaning"],
      Object.entries(ACCESS_LOG_FIELDS).map(([field, meaning]) => [formatCode(field), meaning]),
    ),
    "",
    "## Outcomes",
    "",
    formatMarkdownTable(
      ["Outcome", "Meaning", "What to do"],
      Object.entries(REQUEST_OUTCOMES).map(([outcome, { meaning, remedy }]) => [formatCode(outcome), meaning, remedy]),
    ),
    "",
    "## Other log lines",
    "",
    "The Worker logs a line with `event` and `reason` when it cannot use the published snapshot. The active snapshot keeps serving.",
    "`ageSeconds` is the time since KV last returned the value. [Faults](../faults.md) lists the causes.",
    "",
    formatMarkdownTable(
      ["Event", "Meaning"],
      Object.entries(LOG_EVENTS).map(([event, meaning]) => [formatCode(event), meaning]),
    ),
  );
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  for (const [page, format] of Object.entries(pages)) await writeFile(pathOf(page), await format());
}
