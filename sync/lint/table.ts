import { type Finding, KINDS } from "./finding.ts";

const HEAD = ["", "object", "field", "source", "what"];

/** Findings for people: aligned columns, the gravest first, each URL with both answers below, and a count. */
export function tableLines(findings: readonly Finding[]): string[] {
  const rows = findings.map((finding) => ({ cells: cellsOf(finding), shown: shownBy(finding) }));
  const widths = HEAD.map((name, column) =>
    Math.max(...[{ cells: HEAD }, ...rows].map(({ cells }) => widthOf(cells[column] ?? name))),
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => (column === HEAD.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  ");
  const lines = rows.flatMap(({ cells, shown }) => [line(cells), ...shown.map((text) => line(["", "", "", "", text]))]);
  return [...(rows.length > 0 ? [line(HEAD)] : []), ...lines, countLine(findings)];
}

function widthOf(cell: string): number {
  return cell.length;
}

function cellsOf({ kind, object, field, source, message }: Finding): string[] {
  return [kind, object, shortField(field), source, message].map((cell) => cell.replace(/\s+/g, " "));
}

/** An annotation by its name. The prefix is told where it is not the usual one. */
function shortField(field: string): string {
  return field.replace(/^metadata\.annotations\[(?:nginx\.ingress\.kubernetes\.io\/)?(.*)\]$/, "$1");
}

function shownBy({ url, nginx, edgress }: Finding): string[] {
  if (url === undefined) return [];
  if (nginx === edgress) return [`${url} → ${edgress}`];
  return [`${url} → ${nginx === undefined ? "" : `in ingress-nginx ${nginx}, `}here ${edgress}`];
}

function countLine(findings: readonly Finding[]): string {
  const objects = new Set(findings.map(({ object }) => object)).size;
  const counts = KINDS.map((kind) => `${findings.filter((finding) => finding.kind === kind).length} ${kind}`);
  return `${objects} ${objects === 1 ? "object" : "objects"}: ${counts.join(", ")}`;
}
