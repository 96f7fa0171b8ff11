import { findRegexPrefix, MAX_REGEX_SUBJECT_BYTES, warmUpRegex } from "../rules/paths.ts";
import type { Route } from "../rules/snapshot.ts";
import type { ConditionVerdict } from "./conditions.ts";
import type { RequestValues } from "./request-values.ts";
import { NO_GROUPS, type RouteMatch } from "./route-match.ts";

/**
 * Returns the first route before the position `end` whose regex matches a normalized path and whose conditions hold, or
 * which may match: see `tooLongPart`. A host without conditions needs no values.
 */
export type RegexSearch = (path: string, values?: RequestValues, end?: number) => RouteMatch | undefined;

/** Checks the conditions of the route at a position of the rules. */
type ConditionCheck = (position: number, values: RequestValues) => ConditionVerdict;

/** Matches a request with the route at a position of the rules. */
type RegexMatcher = (position: number, path: string, values: RequestValues | undefined) => RouteMatch | undefined;

/** A list up to this length is searched in its order. */
const MAX_PLAIN_LENGTH = 16;
/** A longer prefix has the same key as its start, so that a path needs a limited number of look-ups. */
const MAX_PREFIX_LENGTH = 64;

// The forms that a compiled regex has, after its "^", around the regex of its path.
const LIMITED_TO_PATHS = /^\(\?=\(\?-i:(?:\\.|[^\\()])*\)\(\?:\/\|\$\)\)\(\?:(.*)\)$/s;
const CASE_SENSITIVE = /^\(\?-i:(.*)\)$/s;
const WHOLE = /^\(\?:(.*)\)\$$/s;

/**
 * Builds the search of regexes in their order. A long list has an index by the literal text that a path must start with.
 * A regex is compiled when it is first needed.
 */
export function buildRegexSearch(routes: readonly Route[], checkConditions?: ConditionCheck): RegexSearch {
  const positions = routes.flatMap(({ path }, position) => ("pattern" in path ? [position] : []));
  const match = createRegexMatcher(routes, checkConditions);
  return positions.length <= MAX_PLAIN_LENGTH
    ? (path, values, end = Number.POSITIVE_INFINITY) => findFirst({ path, values, match }, positions, end)
    : buildIndexedSearch(routes, positions, match);
}

function createRegexMatcher(routes: readonly Route[], checkConditions: ConditionCheck | undefined): RegexMatcher {
  const regexes: (RegExp | undefined)[] = [];
  const matchPath = (route: Route, position: number, path: string): RouteMatch | undefined => {
    if (!("pattern" in route.path)) return undefined;
    const { type, pattern, maxBytes = MAX_REGEX_SUBJECT_BYTES } = route.path;
    if (path.length > maxBytes)
      return startsLikeRegex(path, route) ? { route, position, groups: NO_GROUPS, tooLongPart: "path" } : undefined;
    const regex = regexes[position] ?? new RegExp(pattern, type === "regex" ? "i" : "");
    regexes[position] = regex;
    const groups = warmUpRegex(regex, path).exec(path);
    return groups ? { route, position, groups } : undefined;
  };
  return (position, path, values) => {
    const route = routes[position];
    const verdict = !checkConditions || !values || checkConditions(position, values);
    if (!route || verdict === false) return undefined;
    const match = matchPath(route, position, path);
    return match && verdict !== true ? { ...match, tooLongPart: verdict } : match;
  };
}

/** Whether a path has the literal start of a regex. Without it, the regex cannot match a path of any length. */
function startsLikeRegex(path: string, route: Route): boolean {
  const prefix = buildPrefixKey(route);
  return path.slice(0, prefix.length).toLowerCase() === prefix;
}

/** Looks up the starts of a path, the longest first, and keeps the match that is first in the rules. */
function buildIndexedSearch(routes: readonly Route[], positions: readonly number[], match: RegexMatcher): RegexSearch {
  const byPrefix = Map.groupBy(positions, (position) => buildPrefixKey(routes[position]));
  const lengths = [...new Set([...byPrefix.keys()].map((prefix) => prefix.length))].toSorted((a, b) => b - a);
  return (path, values, end = Number.POSITIVE_INFINITY) => {
    const lowerCasePath = path.toLowerCase();
    let first: RouteMatch | undefined;
    for (const length of lengths) {
      const candidates = length > path.length ? undefined : byPrefix.get(lowerCasePath.slice(0, length));
      if (candidates) first = findFirst({ path, values, match }, candidates, first?.position ?? end) ?? first;
    }
    return first;
  };
}

interface Search {
  readonly path: string;
  readonly values: RequestValues | undefined;
  readonly match: RegexMatcher;
}

/** Returns the first match before the position `end`. */
function findFirst({ path, values, match }: Search, positions: readonly number[], end: number): RouteMatch | undefined {
  for (const position of positions) {
    if (position >= end) return undefined;
    const found = match(position, path, values);
    if (found) return found;
  }
  return undefined;
}

function buildPrefixKey(route: Route | undefined): string {
  const pattern = route && "pattern" in route.path ? route.path.pattern : "";
  return readRegexPrefix(pattern).slice(0, MAX_PREFIX_LENGTH).toLowerCase();
}

/** Returns the literal text with which every match of a pattern starts. It may be shorter than possible, but not longer. */
function readRegexPrefix(pattern: string): string {
  if (!pattern.startsWith("^")) return "";
  const regex = pattern.slice(1);
  return findRegexPrefix(regex.startsWith("(?") ? unwrapRegex(regex) : regex) ?? "";
}

/** Returns the regex of a path without the form that its compiled regex has around it. */
function unwrapRegex(compiledRegex: string): string {
  const regex = LIMITED_TO_PATHS.exec(compiledRegex)?.[1] ?? compiledRegex;
  return CASE_SENSITIVE.exec(regex)?.[1] ?? WHOLE.exec(regex)?.[1] ?? regex;
}
