import type { ChangeType } from "../publish/changes/diff-rules.ts";
import type { NameChanges } from "../publish/changes/summarize-changes.ts";
import { escapeLine, formatKvSize, formatPlanChanges, formatPlanProblems, formatPlanSummary } from "./format-plan.ts";
import type { Plan } from "./plan.ts";

/** The first line of a comment, so that a later run finds and replaces it. */
export const COMMENT_MARKER = "<!-- edgress plan -->";

/** A comment of GitHub has up to 65,536 characters. */
const MAX_LENGTH = 60_000;
const MAX_LINE_LENGTH = 500;

/**
 * Formats a plan as Markdown for a comment on a pull request. Every text of a manifest is in a code block, where neither
 * Markdown nor HTML applies.
 */
export function formatPlanMarkdown(plan: Plan): string[] {
  const problems = formatPlanProblems(plan);
  const changes = formatPlanChanges(plan).map(moveSignToStart);
  const title = plan.result === "would-change" ? "edgress plan: changes" : "edgress plan: nothing to change";
  const head = [
    COMMENT_MARKER,
    `### ${title}`,
    "",
    ...formatCountTable(plan),
    "",
    `KV: ${formatKvSize(plan)}. Generation ${plan.fingerprint.generation} is active.`,
    "",
  ];
  const problemBlock = formatBlock(`Problems (${problems.length})`, problems, MAX_LENGTH / 3, "", true);
  const changeBlock = formatBlock(
    `Changes (${changes.length} lines)`,
    changes,
    (MAX_LENGTH * 2) / 3 - 1000,
    "diff",
    false,
  );
  const pin = plan.rollback ? formatPlanSummary(plan).slice(0, 1) : [];
  return [...head, ...formatBlock("Rollback", pin, 1000, "", true), ...problemBlock, ...changeBlock];
}

function formatCountTable({ hosts, objects }: Plan): string[] {
  const count = (items: readonly { readonly change: ChangeType }[], change: ChangeType) =>
    items.filter((item) => item.change === change).length;
  const routes = hosts.flatMap((host) => host.routes);
  const rows = [
    ...[["Hosts", hosts] as const, ["Routes", routes] as const].map(([name, items]) => [
      name,
      ...(["added", "changed", "removed"] as const).map((change) => count(items, change)),
    ]),
    ...Object.entries(objects).map(([kind, changes]) => [`${kind}s`, ...countNames(changes)]),
  ];
  return [["", "Added", "Changed", "Removed"], ["---", "---", "---", "---"], ...rows].map(
    (row) => `| ${row.join(" | ")} |`,
  );
}

function countNames({ added, changed, removed }: NameChanges): number[] {
  return [added.length, changed.length, removed.length];
}

/** Formats lines as a folded code block. Lines beyond `maxLength` characters are counted. Empty without lines. */
function formatBlock(
  title: string,
  texts: readonly string[],
  maxLength: number,
  language: string,
  isOpen: boolean,
): string[] {
  if (texts.length === 0) return [];
  const lines = texts.map((text) => escapeLine(text).slice(0, MAX_LINE_LENGTH));
  const shownLines = takeFitting(lines, maxLength);
  const hiddenCount = lines.length - shownLines.length;
  const longestRun = Math.max(2, ...shownLines.flatMap((line) => line.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longestRun + 1);
  return [
    `<details${isOpen ? " open" : ""}><summary>${title}</summary>`,
    "",
    `${fence}${language}`,
    ...shownLines,
    ...(hiddenCount > 0 ? [`… and ${hiddenCount} more lines`] : []),
    fence,
    "",
    "</details>",
    "",
  ];
}

function takeFitting(lines: readonly string[], maxLength: number): readonly string[] {
  let length = 0;
  const overflowIndex = lines.findIndex((line) => {
    length += line.length + 1;
    return length > maxLength;
  });
  return overflowIndex === -1 ? lines : lines.slice(0, overflowIndex);
}

/** Moves the sign of an indented line to its start, so that the block is colored like a diff. */
function moveSignToStart(line: string): string {
  return line.replace(/^( +)([+~-]) /, (_, indent: string, sign: string) => `${sign}${indent} `).replace(/^~/, "!");
}
