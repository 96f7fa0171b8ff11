import { decodePath, toByteString } from "../../../src/rules/paths.ts";
import type { Claim } from "../model.ts";
import { escapeRegex, stripCaseFlag } from "./regex.ts";

// Expressions ignore case at the edge; within this they do not. https://tc39.es/proposal-regexp-modifiers/
const CASE_SENSITIVE = "(?-i:";

/**
 * An expression that takes nothing but what lies within `paths`, letter for letter, whatever it says: alternatives, an open
 * end, case. Its groups keep their numbers.
 */
export function scopeRegex(pattern: string, paths: readonly string[] | undefined): string {
  if (!paths) return pattern;
  const escapedPaths = paths.map((path) => escapeRegex(toByteString(path)));
  return `^(?=${CASE_SENSITIVE}${escapedPaths.join("|")})(?:/|$))(?:${pattern.replace(/^\^/, "")})`;
}

/**
 * An exact path or a prefix as an expression that takes just what it would take without. `prefixes` are those of its host,
 * decoded: where both `/foo` and `/foo/` are there, the former keeps itself.
 */
export function buildLiteralPathRegex(
  { type, path }: Pick<Claim, "type" | "path">,
  prefixes: ReadonlySet<string>,
): string {
  const decodedPath = decodePath(path);
  if (type === "exact") return `^${CASE_SENSITIVE}${escapeRegex(toByteString(decodedPath))}$)`;
  const trimmedPath = decodedPath.replace(/\/$/, "");
  const suffix = decodedPath !== trimmedPath && prefixes.has(trimmedPath) ? "/" : "(?:/|$)";
  return `^${CASE_SENSITIVE}${escapeRegex(toByteString(trimmedPath))}${suffix})`;
}

/**
 * What every path that an expression takes begins with: `"/cart(/|$)(.*)"` → `"/cart"`, `"/carts?"` → `"/cart"`. Nothing
 * where alternatives stand outside of parentheses, so that a path may begin with any of them.
 */
export function findLiteralPrefix(path: string): string | undefined {
  const expression = stripCaseFlag(path);
  if (hasTopLevelAlternation(expression)) return undefined;
  const [match, quantifier] = /^(?:\\[^A-Za-z0-9]|[^\\.[\](){}|^$*+?])*([*+?{])?/.exec(expression) ?? ["", undefined];
  const literalText = quantifier === undefined ? match : match.replace(/(?:\\.|[^\\])[*+?{]$/s, "");
  return literalText.replace(/\\(.)/gs, "$1");
}

function hasTopLevelAlternation(expression: string): boolean {
  const outline = expression.replace(/\\./gs, "").replace(/\[[^\]]*\]/g, "");
  let depth = 0;
  for (const character of outline) {
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (character === "|" && depth === 0) return true;
  }
  return false;
}
