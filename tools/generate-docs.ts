import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { argv, execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { WORKER_VARIABLES } from "../src/env.ts";
import { LOG_EVENTS } from "../src/load/log-events.ts";
import { ACCESS_LOG_FIELDS } from "../src/request/access-log.ts";
import { REQUEST_OUTCOMES } from "../src/request/response.ts";
import { compiledPolicies } from "../src/rules/policies/compiled-policies.ts";
import type { AnnotationRow, SupportLevel } from "../src/rules/policies/policy.ts";
import { CONTROLLER_VARIABLES } from "../sync/commands/account-from-env.ts";
import { diagnosticReasons } from "../sync/compile/diagnostics.ts";
import { METRICS } from "../sync/report/metrics.ts";

const ROOT = new URL("../", import.meta.url);
const CLI = fileURLToPath(new URL("sync/cli.ts", ROOT));
const COMMANDS = ["sync", "publish", "approve", "keys", "lint", "explain", "dev"];
const NOTICE = "<!-- Generated from the code by `npm run docs`. Do not edit. -->";

/** How near an annotation comes to ingress-nginx, in words. */
export const supportLevelLabels: Readonly<Record<SupportLevel, string>> = {
  full: "full",
  "no-op": "no-op",
  partial: "partial",
  ignored: "ignored",
  "fail-closed": "fails closed",
};

const supportLevelDocs: Readonly<Record<SupportLevel, string>> = {
  full: "The behavior is the same as in ingress-nginx.",
  "no-op": "It tunes nginx itself and has no visible effect. It may stay.",
  partial: "The intent is the same, by other means. The last column has the difference.",
  ignored: "Paths are served without its effect, and a warning reports it. The last column has an alternative.",
  "fail-closed": "Its paths return 503, unless `edgress.dev/accept-degraded` lists it.",
};

interface VariableRow {
  readonly required: boolean;
  readonly default?: string;
  readonly doc: string;
}

/** The generated pages, by path from the repository's root. */
export const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  "docs/reference/annotations.md": formatAnnotationsPage,
  "docs/reference/diagnostics.md": formatDiagnosticsPage,
  "docs/reference/metrics.md": formatMetricsPage,
  "docs/reference/cli.md": formatCliPage,
  "docs/reference/environment.md": formatEnvironmentPage,
  "docs/reference/access-log.md": formatAccessLogPage,
};

/** Returns where a page is written. */
export function pathOf(page: string): string {
  return fileURLToPath(new URL(page, ROOT));
}

function formatAnnotationsPage(): string {
  // By name: an annotation that two policies read has one row.
  const rows = new Map(compiledPolicies.flatMap(({ annotations }) => Object.entries<AnnotationRow>(annotations)));
  return joinParts(
    "# Annotations",
    "Annotations are read under three prefixes. The order is the precedence: `edgress.dev/`, `nginx.ingress.kubernetes.io/`, and the",
    "pre-2018 `ingress.kubernetes.io/`. The table has them in the order in which they act on a request.",
    "",
    formatTable(
      ["Support", "Meaning"],
      Object.entries(supportLevelDocs).map(([level, doc]) => [supportLevelLabels[level as SupportLevel], doc]), // keys of a literal
    ),
    "",
    "*Guard*: an unreadable value makes the Ingress's paths return 503. `edgress lint` reports the support level of every annotation in",
    "your manifests.",
    "",
    formatTable(
      ["Annotation", "What it does", "Default", "Example", "Support", "Difference"],
      [...rows].map(formatAnnotationCells),
    ),
  );
}

function formatAnnotationCells([name, row]: [string, AnnotationRow]): string[] {
  const { doc, example, support = "full", difference = "", guards, aliases = [] } = row;
  return [
    [name, ...aliases].map(formatCode).join(", "),
    guards ? `${doc} *Guard.*` : doc,
    formatDefault(row),
    formatCode(example),
    supportLevelLabels[support],
    difference,
  ];
}

function formatDefault({ default: value }: AnnotationRow): string {
  if (value === "") return "empty";
  return value === "none" ? value : formatCode(value);
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
    formatTable(["Reason", "Severity", "Last good", "Meaning"], rows),
  );
}

function formatMetricsPage(): string {
  return joinParts(
    "# Metrics",
    "The controller serves these metrics at `/metrics` on port 10254 (`--health-port`), besides those of the process (`process_…`,",
    "`nodejs_…`). `deploy/monitoring` has alerts and a dashboard.",
    "",
    formatTable(
      ["Metric", "Meaning"],
      Object.entries(METRICS).map(([name, meaning]) => [formatCode(name), meaning]),
    ),
  );
}

async function formatCliPage(): Promise<string> {
  const sections = [];
  for (const command of COMMANDS) sections.push("", `## edgress ${command}`, "", formatBlock(await readHelp(command)));
  return joinParts(
    "# Command line",
    "This is the output of `edgress --help` and of `edgress <command> --help`.",
    "",
    formatBlock(await readHelp()),
    "",
    "## Exit codes",
    "",
    formatTable(
      ["Code", "Meaning"],
      [
        ["0", "Success"],
        ["1", "An object has an error, a sync was blocked, or the command failed"],
        ["2", "A flag, an argument or an environment variable is invalid"],
      ],
    ),
    ...sections,
  );
}

/** Returns what a command prints about itself. */
async function readHelp(...command: string[]): Promise<string> {
  const environment = { ...process.env, COLUMNS: "100", NO_COLOR: "1" };
  const { stdout } = await promisify(execFile)(execPath, [CLI, ...command, "--help"], { env: environment });
  return stdout.trimEnd();
}

function formatEnvironmentPage(): string {
  return joinParts(
    "# Environment variables",
    "`edgress keys` prints the keys.",
    "",
    "## Controller and command line",
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
  const rows = Object.entries(variables).map(([name, { doc, required, default: value }]) => [
    formatCode(name),
    required ? "yes" : "no",
    value === undefined || value === "none" ? "none" : formatCode(value),
    formatSentence(doc),
  ]);
  return formatTable(["Variable", "Required", "Default", "Meaning"], rows);
}

function formatAccessLogPage(): string {
  return joinParts(
    "# Access log",
    "The Worker writes one JSON line per request, for `wrangler tail` and Workers Logs. It has no query, no cookie and no header except",
    "the user agent, because those may contain secrets. A field without a value is absent. Texts are cut after 512 characters.",
    "",
    "## Fields",
    "",
    formatTable(
      ["Field", "Meaning"],
      Object.entries(ACCESS_LOG_FIELDS).map(([field, meaning]) => [formatCode(field), meaning]),
    ),
    "",
    "## Outcomes",
    "",
    formatTable(
      ["Outcome", "Meaning"],
      Object.entries(REQUEST_OUTCOMES).map(([outcome, meaning]) => [formatCode(outcome), meaning]),
    ),
    "",
    "## Other log lines",
    "",
    "The Worker logs a line with `event` and `reason` when it cannot use the published snapshot. The active snapshot keeps serving.",
    "",
    formatTable(
      ["Event", "Meaning"],
      Object.entries(LOG_EVENTS).map(([event, meaning]) => [formatCode(event), meaning]),
    ),
  );
}

/** Returns a page: its heading, the notice, and lines. */
function joinParts(heading: string, ...lines: readonly string[]): string {
  return `${[heading, "", NOTICE, "", ...lines].join("\n")}\n`;
}

function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const formatRow = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [formatRow(header), formatRow(header.map(() => "---")), ...rows.map(formatRow)].join("\n");
}

/** A phrase of a message as a sentence: "the account's id" becomes "The account's id." */
function formatSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}

function formatBlock(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}

function formatCode(text: string): string {
  return `\`${text}\``;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  for (const [page, format] of Object.entries(pages)) await writeFile(pathOf(page), await format());
}
