import { MAX_REGEX_SUBJECT_BYTES, toByteString } from "../rules/paths.ts";
import type { HostRules, PathMatch, Route } from "../rules/snapshot.ts";

/** The routes of a host, indexed for matching by path segments or by regexes. */
export type RouteTable = SegmentTable | RegexTable;

interface SegmentTable {
  readonly type: "segments";
  readonly rules: HostRules;
  readonly exact: ReadonlyMap<string, Route>;
  readonly prefixes: ReadonlyMap<string, Route>;
  readonly maxPrefixSegments: number; // segments of the deepest prefix; deeper segments are skipped
}

interface RegexTable {
  readonly type: "regexes";
  readonly rules: HostRules;
  readonly regexRoutes: readonly { readonly route: Route; readonly regex: RegExp }[];
}

/** A matched route, with the groups of its regex. */
export interface RouteMatch {
  readonly route: Route;
  readonly groups: readonly (string | undefined)[];
}

export type MatchResult = RouteMatch | "no-match" | "too-long";

/** Builds the route table of a host. The compiler makes all paths of a host regexes if one is. */
export function buildRouteTable(rules: HostRules): RouteTable {
  const regexRoutes = rules.routes.flatMap((route) =>
    route.path.type === "regex" ? [{ route, regex: new RegExp(route.path.pattern, "i") }] : [],
  );
  if (regexRoutes.length > 0) return { type: "regexes", rules, regexRoutes };
  const exact = new Map<string, Route>();
  const prefixes = new Map<string, Route>();
  for (const route of rules.routes) {
    if (route.path.type === "exact") exact.set(toByteString(route.path.path), route);
    if (route.path.type === "prefix") prefixes.set(toByteString(route.path.path), route);
  }
  const maxPrefixSegments = Math.max(0, ...[...prefixes.keys()].map((prefix) => prefix.split("/").length));
  return { type: "segments", rules, exact, prefixes, maxPrefixSegments };
}

/** Returns the route that matches a normalized path (a byte string): exact before prefix, longer before shorter. */
export function findRoute(table: RouteTable, path: string): MatchResult {
  switch (table.type) {
    case "segments": {
      const route = table.exact.get(path) ?? findLongestPrefix(table, path);
      return route ? { route, groups: [] } : "no-match";
    }
    case "regexes":
      return path.length > MAX_REGEX_SUBJECT_BYTES ? "too-long" : findFirstRegexMatch(table, path);
  }
}

/** `"/foo"` and `"/foo/"` both match `/foo` and `/foo/bar`. If both exist, the path with the same spelling matches. */
function findLongestPrefix({ prefixes, maxPrefixSegments }: SegmentTable, path: string): Route | undefined {
  let end = findSegmentsEnd(path, maxPrefixSegments);
  while (end >= 0) {
    const bare = path.slice(0, end);
    const [firstKey, secondKey] = end === path.length ? [bare, `${bare}/`] : [`${bare}/`, bare];
    const route = prefixes.get(firstKey) ?? prefixes.get(secondKey);
    if (route) return route;
    end = end === 0 ? -1 : path.lastIndexOf("/", end - 1);
  }
  return undefined;
}

/** Returns the index after the first `segments` segments of a path. */
function findSegmentsEnd(path: string, segments: number): number {
  let end = 0;
  for (let count = 0; count < segments; count++) {
    end = path.indexOf("/", end + 1);
    if (end < 0) return path.length;
  }
  return end;
}

function findFirstRegexMatch({ regexRoutes }: RegexTable, path: string): MatchResult {
  for (const { route, regex } of regexRoutes) {
    const groups = regex.exec(path);
    if (groups) return { route, groups };
  }
  return "no-match";
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
