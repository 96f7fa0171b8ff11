import { readFile, writeFile } from "node:fs/promises";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { allPolicies } from "../src/rules/policies/all.ts";
import type { AnnotationRow, Nearness } from "../src/rules/policies/define.ts";
import { reasons } from "./compile/diagnostic.ts";
import { METRICS } from "./report/metrics.ts";

/** The documents that hold tables made from code. */
export const DOCUMENTS = ["README.md", "docs/annotations.md", "docs/cluster.md"].map((path) =>
  fileURLToPath(new URL(`../${path}`, import.meta.url)),
);

/** How near the edge comes to ingress-nginx, in words. */
export const nearnessWords: Readonly<Record<Nearness, string>> = {
  same: "the same",
  inert: "nothing to do",
  near: "near",
  no: "can't be: served without",
  never: "can't be: closed",
};

/** Each table by the name of its markers. */
export const tables: Readonly<Record<string, () => string>> = {
  annotations: annotationTable,
  diagnostics: diagnosticTable,
  metrics: metricTable,
};

/** A document with its tables as the code makes them: annotations, in the order of the filters, and diagnostics. */
export function withTables(document: string): string {
  return Object.entries(tables).reduce((text, [name, table]) => between(text, name, table), document);
}

function annotationTable(): string {
  // By name: an annotation that two policies read has one row.
  const annotations = new Map(allPolicies.flatMap((policy) => Object.entries<AnnotationRow>(policy.annotations)));
  const rows = [...annotations].map(annotationCells);
  return tableOf(["Annotation", "What it does", "Default", "Example", "Here it is", "Difference"], rows);
}

function annotationCells([name, row]: [string, AnnotationRow]): string[] {
  const { doc, example, nearness = "same", difference = "", guards, aliases = [] } = row;
  return [
    [name, ...aliases].map(code).join(", "),
    guards ? `${doc} *Closes on error.*` : doc,
    row.default === undefined || row.default === "none" ? (row.default ?? "") : code(row.default),
    code(example),
    nearnessWords[nearness],
    difference,
  ];
}

function diagnosticTable(): string {
  const rows = Object.entries(reasons).map(([reason, { severity, doc }]) => [code(reason), severity, doc]);
  return tableOf(["Reason", "Severity", "What it means"], rows);
}

function metricTable(): string {
  return tableOf(
    ["Metric", "What it means"],
    Object.entries(METRICS).map(([name, meaning]) => [code(name), meaning]),
  );
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function code(text: string): string {
  return `\`${text}\``;
}

function between(text: string, name: string, table: () => string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  if (!text.includes(begin) || !text.includes(end)) return text;
  return `${text.slice(0, text.indexOf(begin))}${begin}\n${table()}\n${text.slice(text.indexOf(end))}`;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  for (const path of DOCUMENTS) await writeFile(path, withTables(await readFile(path, "utf8")));
}
