import { FINDING_KINDS, type Finding } from "../findings/finding.ts";

const HEADINGS = ["", "object", "field", "source", "message"];

/** Formats findings as a table, with sample URLs and responses, and a line of counts. */
export function formatTable(findings: readonly Finding[]): string[] {
  const rows = findings.map((finding) => ({ cells: formatCells(finding), urlLines: formatUrlLines(finding) }));
  const widths = HEADINGS.map((name, column) =>
    Math.max(...[{ cells: HEADINGS }, ...rows].map(({ cells }) => widthOf(cells[column] ?? name))),
  );
  const formatLine = (cells: readonly string[]) =>
    cells.map((cell, column) => (column === HEADINGS.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  ");
  const lines = rows.flatMap(({ cells, urlLines }) => [
    formatLine(cells),
    ...urlLines.map((text) => formatLine(["", "", "", "", text])),
  ]);
  return [...(rows.length > 0 ? [formatLine(HEADINGS)] : []), ...lines, formatCounts(findings)];
}

function widthOf(cell: string): number {
  return cell.length;
}

function formatCells({ kind, object, field, source, message }: Finding): string[] {
  return [kind, object, shortenField(field), source, message].map((cell) => cell.replace(/\s+/g, " "));
}

/** Shortens the field of an annotation to its name. An unusual prefix is kept. */
function shortenField(field: string): string {
  return field.replace(/^metadata\.annotations\[(?:nginx\.ingress\.kubernetes\.io\/)?(.*)\]$/, "$1");
}

function formatUrlLines({ url, nginx, edgress }: Finding): string[] {
  if (url === undefined) return [];
  if (nginx === edgress) return [`${url} → ${edgress}`];
  return [`${url} → ${nginx === undefined ? "" : `${nginx} in ingress-nginx, `}${edgress} in edgress`];
}

function formatCounts(findings: readonly Finding[]): string {
  const objects = new Set(findings.map(({ object }) => object)).size;
  const counts = FINDING_KINDS.map((kind) => `${findings.filter((finding) => finding.kind === kind).length} ${kind}`);
  return `${objects} ${objects === 1 ? "object" : "objects"}: ${counts.join(", ")}`;
}
