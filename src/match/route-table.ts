import { MAX_REGEX_SUBJECT_BYTES, toByteString } from "../rules/paths.ts";
import type { HostRules, PathMatch, Route } from "../rules/snapshot.ts";
import { buildOrderedTable, findInOrder, needsOrder, type OrderedTable } from "./ordered-table.ts";
import { buildPrefixTable, findLongestPrefix, NO_POSITION, type PrefixTable } from "./prefix-table.ts";
import { buildRegexSearch, type RegexSearch } from "./regex-search.ts";
import type { ConditionSource } from "./request-values.ts";
import { NO_GROUPS, type RouteMatch, type TooLongPart } from "./route-match.ts";

/** The routes of a host, indexed for matching by path segments, by regexes, or in their order. */
export type RouteTable = SegmentTable | RegexTable | OrderedTable;

interface SegmentTable {
  readonly type: "segments";
  readonly rules: HostRules;
  readonly exact: ReadonlyMap<string, number> | undefined; // positions by path; undefined without any
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
  if (routes[0]?.path.type === "regex") return { type: "regexes", rules, findRegex: buildRegexSearch(routes) };
  return { type: "segments", rules, exact: indexExactPaths(routes), prefixes: buildPrefixTable(routes) };
}

// A cold isolate indexes 10,000 routes. So an index has numbers and no objects, and its loop is a callback: a loop over
// entries takes three times as long before V8 has compiled it.
function indexExactPaths(routes: readonly Route[]): SegmentTable["exact"] {
  const positions = new Map<string, number>();
  routes.forEach(({ path }, position) => {
    if (path.type === "exact") positions.set(toByteString(path.path), position);
  });
  return positions.size > 0 ? positions : undefined;
}

/**
 * Returns the route that matches a normalized path (a byte string): exact before prefix, longer before shorter. If the host
 * has conditions, it is the first one in the list that matches the path and the request.
 */
export function findRoute(table: RouteTable, path: string, source: ConditionSource): MatchResult {
  switch (table.type) {
    case "segments":
      return toMatch(table.rules, table.exact?.get(path) ?? findLongestPrefix(table.prefixes, path));
    case "regexes":
      return path.length > MAX_REGEX_SUBJECT_BYTES ? "path-too-long" : toResult(table.findRegex(path));
    case "ordered":
      return toResult(findInOrder(table, path, source));
  }
}

function toMatch({ routes }: HostRules, position: number): MatchResult {
  const route = position === NO_POSITION ? undefined : routes[position];
  return route ? { route, position, groups: NO_GROUPS } : "no-match";
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
