import { decodePath, toByteString } from "../../../src/rules/paths.ts";
import type { Claim } from "../model.ts";
import { escapeRegex, stripCaseFlag } from "./regex.ts";

// Regexes ignore case at the edge; inside this group they do not. https://tc39.es/proposal-regexp-modifiers/
const CASE_SENSITIVE = "(?-i:";
const SEGMENT_END = "(?:/|$)";

/**
 * Restricts a regex to match only at or below `paths`, case-sensitively, even with alternatives or an open end. Its
 * groups keep their numbers.
 */
export function scopeRegex(pattern: string, paths: readonly string[] | undefined): string {
  if (!paths) return pattern;
  const escapedPaths = paths.map((path) => escapeRegex(toByteString(path)));
  return `^(?=${CASE_SENSITIVE}${escapedPaths.join("|")})${SEGMENT_END})(?:${pattern.replace(/^\^/, "")})`;
}

/**
 * Returns an exact path or a prefix as a regex that matches the same paths. `prefixes` are the decoded prefixes of its
 * host: if both `/foo` and `/foo/` exist, `/foo` keeps the path itself.
 */
export function buildLiteralPathRegex(
  { type, path }: Pick<Claim, "type" | "path">,
  prefixes: ReadonlySet<string>,
): string {
  const decodedPath = decodePath(path);
  if (type === "exact") return `^${CASE_SENSITIVE}${escapeRegex(toByteString(decodedPath))}$)`;
  const trimmedPath = decodedPath.replace(/\/$/, "");
  const suffix = decodedPath !== trimmedPath && prefixes.has(trimmedPath) ? "/" : SEGMENT_END;
  return `^${CASE_SENSITIVE}${escapeRegex(toByteString(trimmedPath))}${suffix})`;
}

/**
 * Returns the text with which every path that a regex matches must start: `"/cart(/|$)(.*)"` → `"/cart"`, `"/carts?"` →
 * `"/cart"`. Undefined if the regex has alternatives outside of parentheses.
 */
export function findLiteralPrefix(path: string): string | undefined {
  const expression = stripCaseFlag(path);
  if (hasTopLevelAlternation(expression)) return undefined;
  const [match, quantifier] = /^(?:\\[^A-Za-z0-9]|[^\\.[\](){}|^$*+?])*([*+?{])?/.exec(expression) ?? ["", undefined];
  const literalText = quantifier === undefined ? match : match.replace(/(?:\\.|[^\\])[*+?{]$/s, "");
  return literalText.replace(/\\(.)/gs, "$1");
}

/** Whether a regex has alternatives outside of parentheses. */
export function hasTopLevelAlternation(expression: string): boolean {
  const outline = expression.replace(/\\./gs, "").replace(/\[[^\]]*\]?/g, "");
  let depth = 0;
  for (const character of outline) {
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (character === "|" && depth === 0) return true;
  }
  return false;
}
