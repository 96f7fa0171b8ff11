import { formatDiagnostic } from "../compile/diagnostics.ts";
import { formatBlockedRemoval } from "../controller/report/publication-report.ts";
import { formatClosedRoutes } from "../publish/changes/format-changes.ts";
import type { CollectionSize } from "../publish/changes/measure-publication.ts";
import type { NameChanges } from "../publish/changes/summarize-changes.ts";
import { formatPin } from "../publish/history/pin.ts";
import { foldLines } from "../runtime/fold.ts";
import { formatCount } from "../runtime/format-count.ts";
import { toPrintableText } from "../runtime/printable-text.ts";
import { formatDiffCounts, formatHostDiff } from "./format-diff.ts";
import type { Plan } from "./plan.ts";

const MAX_LINES = 200;
const KIB = 1024;

/** Formats a plan as lines for people. Changes beyond 200 lines are counted. */
export function formatPlan(plan: Plan): string[] {
  const changes = foldLines(formatPlanChanges(plan), (count) => `… and ${count} more lines; see --json`, MAX_LINES);
  return [...formatPlanProblems(plan), ...changes, ...formatPlanSummary(plan)].map(escapeLine);
}

/** Formats the problems of a plan: diagnostics, warnings, blocked removals and closed routes. */
export function formatPlanProblems(plan: Plan): string[] {
  const { diagnostics, warnings, blockedRemovals, closedRoutes } = plan;
  return [
    ...diagnostics.map(formatDiagnostic),
    ...warnings.map((warning) => `warning ${warning}`),
    ...blockedRemovals.flatMap(formatBlockedRemoval),
    ...formatClosedRoutes(closedRoutes),
  ];
}

/** Formats each changed host, and each changed object outside the rules. */
export function formatPlanChanges({ hosts, objects, garbage, kv, sources }: Plan): string[] {
  const findSource = (ingress: string) => (Object.hasOwn(sources, ingress) ? sources[ingress] : undefined);
  return [
    ...hosts.flatMap((host) => formatHostDiff(host, findSource)),
    ...Object.entries(objects).flatMap(([kind, { added, changed, removed }]) => [
      ...added.map((name) => `+ ${kind} ${name}`),
      ...changed.map((name) => `~ ${kind} ${name}`),
      ...removed.map((name) => `- ${kind} ${name}`),
    ]),
    ...garbage.map((name) => `  not needed, removed after its grace: ${name}`),
    ...(kv.collection ? [`  old generations: ${formatCollection(kv.collection)}`] : []),
  ];
}

/** Formats the counts, the writes to KV, and the result. */
export function formatPlanSummary(plan: Plan): string[] {
  const { hosts, objects, fingerprint, rollback, result, hostCount } = plan;
  const pin = formatPin({ generation: fingerprint.generation, rollback });
  const objectCounts = Object.entries(objects).map(([kind, changes]) => `, ${kind}s ${formatNameCounts(changes)}`);
  const active = `generation ${fingerprint.generation} is active`;
  return [
    ...(pin === undefined ? [] : [`warning ${pin}. Run \`edgress resume\` before you publish`]),
    ...(result === "would-change" ? [`changes: ${formatDiffCounts(hosts)}${objectCounts.join("")}`] : []),
    `kv: ${formatKvSize(plan)}`,
    result === "would-change"
      ? `plan: would publish ${formatCount(hostCount, "host")}; ${active}`
      : `plan: nothing to change; ${active}`,
  ];
}

/** Formats the writes: "3 writes, 1.2 KiB: 0.3 % of the Free plan's 1,000 writes a day". */
export function formatKvSize({ kv: { writes, bytes, shareOfFreeDay } }: Plan): string {
  const size = `${formatCount(writes, "write")}, ${(bytes / KIB).toFixed(1)} KiB`;
  return `${size}: ${(shareOfFreeDay * 100).toFixed(1)} % of the Free plan's 1,000 writes a day`;
}

function formatCollection({ removedGenerations, removedBlobs, waitingBlobs }: CollectionSize): string {
  const removed = `${formatCount(removedGenerations, "generation")} and ${formatCount(removedBlobs, "blob")} removed`;
  return `${removed}; ${formatCount(waitingBlobs, "blob")} to remove after 24 h`;
}

/** Counts names: "+1 ~0 -2". */
export function formatNameCounts({ added, changed, removed }: NameChanges): string {
  return `+${added.length} ~${changed.length} -${removed.length}`;
}

/** Returns a line without control characters. A name with a line feed must not look like a second line. */
export function escapeLine(line: string): string {
  return toPrintableText(line).replaceAll("\n", "\\u000a");
}
