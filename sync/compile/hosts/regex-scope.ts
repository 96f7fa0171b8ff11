import { decodePath, findRegexPrefix, toByteString } from "../../../src/rules/paths.ts";
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

/** Returns the text with which every path that a regex path matches must start. Undefined if it has alternatives. */
export function findLiteralPrefix(path: string): string | undefined {
  return findRegexPrefix(stripCaseFlag(path));
}
