import { bytesOf, decodePath } from "../../src/rules/paths.ts";
import type { Claim } from "./claims.ts";
import { escapeText, withoutFlag } from "./expression.ts";

// Expressions ignore case at the edge; within this they do not. https://tc39.es/proposal-regexp-modifiers/
const CASED = "(?-i:";

/**
 * An expression that takes nothing but what lies within `paths`, letter for letter, whatever it says: alternatives, an open
 * end, case. Its groups keep their numbers.
 */
export function fenced(pattern: string, paths: readonly string[] | undefined): string {
  if (!paths) return pattern;
  const own = paths.map((path) => escapeText(bytesOf(path)));
  return `^(?=${CASED}${own.join("|")})(?:/|$))(?:${pattern.replace(/^\^/, "")})`;
}

/**
 * An exact path or a prefix as an expression that takes just what it would take without. `prefixes` are those of its host,
 * decoded: where both `/foo` and `/foo/` are there, the former keeps itself.
 */
export function plainExpression({ type, path }: Pick<Claim, "type" | "path">, prefixes: ReadonlySet<string>): string {
  const decoded = decodePath(path);
  if (type === "exact") return `^${CASED}${escapeText(bytesOf(decoded))}$)`;
  const bare = decoded.replace(/\/$/, "");
  const end = decoded !== bare && prefixes.has(bare) ? "/" : "(?:/|$)";
  return `^${CASED}${escapeText(bytesOf(bare))}${end})`;
}

/**
 * What every path that an expression takes begins with: `"/cart(/|$)(.*)"` → `"/cart"`, `"/carts?"` → `"/cart"`. Nothing
 * where alternatives stand outside of parentheses, so that a path may begin with any of them.
 */
export function literalBeginning(path: string): string | undefined {
  const expression = withoutFlag(path);
  if (hasOuterAlternatives(expression)) return undefined;
  const [whole, repeated] = /^(?:\\[^A-Za-z0-9]|[^\\.[\](){}|^$*+?])*([*+?{])?/.exec(expression) ?? ["", undefined];
  const literal = repeated === undefined ? whole : whole.replace(/(?:\\.|[^\\])[*+?{]$/s, "");
  return literal.replace(/\\(.)/gs, "$1");
}

function hasOuterAlternatives(expression: string): boolean {
  const bare = expression.replace(/\\./gs, "").replace(/\[[^\]]*\]/g, "");
  let depth = 0;
  for (const character of bare) {
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (character === "|" && depth === 0) return true;
  }
  return false;
}
