import { readFile, writeFile } from "node:fs/promises";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { compiledPolicies } from "../src/rules/policies/compiled-policies.ts";
import type { AnnotationRow, SupportLevel } from "../src/rules/policies/policy.ts";
import { diagnosticReasons } from "../sync/compile/diagnostics.ts";
import { METRICS } from "../sync/report/metrics.ts";

/** The documents that hold tables made from code. */
export const DOCUMENTS = ["README.md", "docs/annotations.md", "docs/cluster.md"].map((path) =>
  fileURLToPath(new URL(`../${path}`, import.meta.url)),
);

/** How near the edge comes to ingress-nginx, in words. */
export const supportLevelLabels: Readonly<Record<SupportLevel, string>> = {
  full: "full",
  "no-op": "no-op",
  partial: "partial",
  ignored: "ignored",
  "fail-closed": "fails closed",
};

/** Each table by the name of its markers. */
export const tables: Readonly<Record<string, () => string>> = {
  annotations: formatAnnotationTable,
  diagnostics: formatDiagnosticTable,
  metrics: formatMetricTable,
};

/** A document with its tables as the code makes them: annotations, in the order of the filters, and diagnostics. */
export function withTables(document: string): string {
  return Object.entries(tables).reduce((text, [name, table]) => replaceBetweenMarkers(text, name, table), document);
}

function formatAnnotationTable(): string {
  // By name: an annotation that two policies read has one row.
  const annotations = new Map(compiledPolicies.flatMap((policy) => Object.entries<AnnotationRow>(policy.annotations)));
  const rows = [...annotations].map(formatAnnotationCells);
  return formatTable(["Annotation", "What it does", "Default", "Example", "Here it is", "Difference"], rows);
}

function formatAnnotationCells([name, row]: [string, AnnotationRow]): string[] {
  const { doc, example, support = "full", difference = "", guards, aliases = [] } = row;
  return [
    [name, ...aliases].map(formatCode).join(", "),
    guards ? `${doc} *Closes on error.*` : doc,
    row.default === undefined || row.default === "none" ? (row.default ?? "") : formatCode(row.default),
    formatCode(example),
    supportLevelLabels[support],
    difference,
  ];
}

function formatDiagnosticTable(): string {
  const rows = Object.entries(diagnosticReasons).map(([reason, { severity, doc }]) => [
    formatCode(reason),
    severity,
    doc,
  ]);
  return formatTable(["Reason", "Severity", "What it means"], rows);
}

function formatMetricTable(): string {
  return formatTable(
    ["Metric", "What it means"],
    Object.entries(METRICS).map(([name, meaning]) => [formatCode(name), meaning]),
  );
}

function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const formatRow = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [formatRow(header), formatRow(header.map(() => "---")), ...rows.map(formatRow)].join("\n");
}

function formatCode(text: string): string {
  return `\`${text}\``;
}

function replaceBetweenMarkers(text: string, name: string, table: () => string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  if (!text.includes(begin) || !text.includes(end)) return text;
  return `${text.slice(0, text.indexOf(begin))}${begin}\n${table()}\n${text.slice(text.indexOf(end))}`;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  for (const path of DOCUMENTS) await writeFile(path, withTables(await readFile(path, "utf8")));
}
