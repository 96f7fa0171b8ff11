import { MAX_REGEX_SUBJECT_BYTES, toByteString } from "../rules/paths.ts";
import type { HostRules, PathMatch } from "../rules/snapshot.ts";
import { buildPrefixTable, findLongestPrefix, type PrefixTable } from "./prefix-table.ts";
import { buildRegexSearch, type RegexSearch } from "./regex-search.ts";
import type { RouteMatch } from "./route-match.ts";

/** The routes of a host, indexed for matching by path segments or by regexes. */
export type RouteTable = SegmentTable | RegexTable;

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

export type MatchResult = RouteMatch | "no-match" | "too-long";

const NO_GROUPS: RouteMatch["groups"] = [];

/** Builds the route table of a host. The compiler makes all paths of a host regexes if one is. */
export function buildRouteTable(rules: HostRules): RouteTable {
  const { routes } = rules;
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

/** Returns the route that matches a normalized path (a byte string): exact before prefix, longer before shorter. */
export function findRoute(table: RouteTable, path: string): MatchResult {
  switch (table.type) {
    case "segments":
      return table.exact?.get(path) ?? findLongestPrefix(table.prefixes, path) ?? "no-match";
    case "regexes":
      return path.length > MAX_REGEX_SUBJECT_BYTES ? "too-long" : findRegexMatch(table, path);
  }
}

function findRegexMatch({ findRegex }: RegexTable, path: string): MatchResult {
  const match = findRegex(path);
  return match?.isTooLong ? "too-long" : (match ?? "no-match");
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
  }
}
