import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { listEntries, reportFile } from "./entries.ts";
import { type BenchReport, type BenchTable, round } from "./report.ts";

// Writes the tables of the last runs into docs/reference/benchmarks.md: node test/bench/write-document.ts. A benchmark
// without a report keeps its tables.

export const BENCHMARKS_PAGE = fileURLToPath(new URL("../../docs/reference/benchmarks.md", import.meta.url));

/** Returns the page with the section of a report replaced. Throws if the page has no markers for it. */
export function insertReport(page: string, report: BenchReport): string {
  const [begin, end] = [`<!-- bench:${report.name}:begin -->`, `<!-- bench:${report.name}:end -->`];
  const [start, stop] = [page.indexOf(begin), page.indexOf(end)];
  if (start < 0 || stop < start) throw new Error(`${report.name}: no lines ${begin} and ${end} in the page`);
  return `${page.slice(0, start + begin.length)}\n${formatReport(report)}${page.slice(stop)}`;
}

/** Returns a report as Markdown: date, machine, command, tables and bars. */
export function formatReport({ date, machine, command, tables, bars }: BenchReport): string {
  const head = `\n${date}, ${machine}, by this command:\n\n\`\`\`sh\n${command}\n\`\`\`\n`;
  const barRows = bars.map(({ name, measured, limit, unit, ok }) => ({
    bar: name,
    measured: `${round(measured)} ${unit}`,
    limit: `${limit} ${unit}`,
    kept: ok ? "yes" : "**no**",
  }));
  const sections = [...tables, ...(bars.length > 0 ? [{ title: "Bars", rows: barRows }] : [])].map(formatTable);
  return `${[head, ...sections].join("\n")}\n`;
}

function formatTable({ title, rows }: BenchTable): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const formatRow = (cells: readonly unknown[]) =>
    `| ${cells.map((cell) => String(cell ?? "").replaceAll("|", "\\|")).join(" | ")} |`;
  const lines = [
    formatRow(columns),
    formatRow(columns.map(() => "---")),
    ...rows.map((row) => formatRow(columns.map((column) => row[column]))),
  ];
  return `${title}:\n\n${lines.join("\n")}\n`;
}

if (import.meta.main) {
  const reports = listEntries()
    .map(({ name }) => reportFile(name))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, "utf8")) as BenchReport);
  writeFileSync(BENCHMARKS_PAGE, reports.reduce(insertReport, readFileSync(BENCHMARKS_PAGE, "utf8")));
  console.log(`wrote ${reports.map(({ name }) => name).join(", ") || "nothing"}`);
}
