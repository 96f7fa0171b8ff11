import { MAX_REGEX_SUBJECT_BYTES, toByteString } from "../rules/paths.ts";
import type { HostRules, PathMatch } from "../rules/snapshot.ts";
import { buildOrderedTable, findInOrder, needsOrder, type OrderedTable } from "./ordered-table.ts";
import { buildPrefixTable, findLongestPrefix, type PrefixTable } from "./prefix-table.ts";
import { buildRegexSearch, type RegexSearch } from "./regex-search.ts";
import type { ConditionSource } from "./request-values.ts";
import { NO_GROUPS, type RouteMatch, type TooLongPart } from "./route-match.ts";

/** The routes of a host, indexed for matching by path segments, by regexes, or in their order. */
export type RouteTable = SegmentTable | RegexTable | OrderedTable;

interface SegmentTable {
  readonly type: "segments";
  readonly rules: HostRules;
  readonly exact: ReadonlyMap<string, RouteMatch> | undefined; // undefined without any
  readonly prefixes: PrefixTable;
}

interface RegexTable {
  readonly type: "regexes";
  readonly rules: HostRules;
  readonly findRegex: RegexSearch;
}

export type MatchResult = RouteMatch | "no-match" | `${TooLongPart}-too-long`;

/** Builds the route table of a host. The compiler makes all paths of a host regexes if one is. */
export function buildRouteTable(rules: HostRules): RouteTable {
  const { routes } = rules;
  if (needsOrder(routes)) return buildOrderedTable(rules);
  if (routes.some(({ path }) => path.type === "regex"))
    return { type: "regexes", rules, findRegex: buildRegexSearch(routes) };
  const exact = new Map<string, RouteMatch>();
  const prefixes: RouteMatch[] = [];
  for (const [position, route] of routes.entries()) {
    const match = { route, position, groups: NO_GROUPS };
    if (route.path.type === "exact") exact.set(toByteString(route.path.path), match);
    if (route.path.type === "prefix") prefixes.push(match);
  }
  return {
    type: "segments",
    rules,
    exact: exact.size > 0 ? exact : undefined,
    prefixes: buildPrefixTable(prefixes),
  };
}

/**
 * Returns the route that matches a normalized path (a byte string): exact before prefix, longer before shorter. If the host
 * has conditions, it is the first one in the list that matches the path and the request.
 */
export function findRoute(table: RouteTable, path: string, source: ConditionSource): MatchResult {
  switch (table.type) {
    case "segments":
      return table.exact?.get(path) ?? findLongestPrefix(table.prefixes, path) ?? "no-match";
    case "regexes":
      return path.length > MAX_REGEX_SUBJECT_BYTES ? "path-too-long" : toResult(table.findRegex(path));
    case "ordered":
      return toResult(findInOrder(table, path, source));
  }
}

function toResult(match: RouteMatch | undefined): MatchResult {
  if (!match) return "no-match";
  return match.tooLongPart === undefined ? match : `${match.tooLongPart}-too-long`;
}

/** Whether a path match alone accepts a normalized path, without other routes of its host. */
export function acceptsPath(match: PathMatch, path: string): boolean {
  switch (match.type) {
    case "exact":
      return path === toByteString(match.path);
    case "prefix": {
      const bare = toByteString(match.path).replace(/\/$/, "");
      return path === bare || path.startsWith(`${bare}/`);
    }
    case "regex":
      return new RegExp(match.pattern, "i").test(path);
    case "full-regex":
      return new RegExp(match.pattern).test(path);
  }
}
