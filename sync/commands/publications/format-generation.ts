import type { ManifestAuthor, ManifestCounts } from "../../../src/rules/snapshot.ts";
import type { GenerationMetadata } from "../../publish/history/generation-metadata.ts";
import type { HistoryEntry } from "../../publish/history/read-history.ts";
import { formatCount } from "../../runtime/format-count.ts";

const HEADER = ["GENERATION", "PUBLISHED", "HOSTS", "ROUTES", "INGRESSES", "SIZE", "BY"];
const KIB = 1024;

/** Formats the history as a table, newest first. */
export function formatHistory(entries: readonly HistoryEntry[]): string[] {
  const rows = [HEADER, ...entries.map(({ generation, metadata }) => [String(generation), ...formatCells(metadata)])];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function formatCells(metadata: GenerationMetadata | undefined): string[] {
  if (!metadata) return ["unknown", "", "", "", "", ""];
  const { publishedAt, author, counts } = metadata;
  return [
    publishedAt,
    String(counts.hosts),
    String(counts.routes),
    String(counts.ingresses),
    formatSize(counts.bytes),
    formatAuthor(author, metadata.rollback),
  ];
}

/** Formats who published: "rollback to 7 by ann", "sync pod=edgress-0 cluster=6e1b7d1c", "publish commit=4f1c2d". */
export function formatAuthor(
  { command = "unknown", pod, cluster, commit }: ManifestAuthor,
  rollback: GenerationMetadata["rollback"],
): string {
  const fields = Object.entries({ pod, cluster, commit }).flatMap(([name, value]) =>
    value ? [`${name}=${value}`] : [],
  );
  const act = rollback ? [`to ${rollback.of} by ${rollback.by}`] : [];
  return [command, ...act, ...fields].join(" ");
}

/** Formats the counts of a generation: "3 hosts, 7 routes of 2 objects, 4.1 KiB". An object is an Ingress or HTTPRoute. */
export function formatCountsLine({ hosts, routes, ingresses, bytes }: ManifestCounts): string {
  return `${formatCount(hosts, "host")}, ${formatCount(routes, "route")} of ${formatCount(ingresses, "object")}, ${formatSize(bytes)}`;
}

export function formatSize(bytes: number): string {
  if (bytes < KIB) return `${bytes} B`;
  return bytes < KIB * KIB ? `${(bytes / KIB).toFixed(1)} KiB` : `${(bytes / KIB / KIB).toFixed(1)} MiB`;
}
