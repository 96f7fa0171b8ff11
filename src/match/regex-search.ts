import { findRegexPrefix, MAX_REGEX_SUBJECT_BYTES } from "../rules/paths.ts";
import type { Route } from "../rules/snapshot.ts";
import type { RouteMatch } from "./route-match.ts";

/** Returns the match of the first regex that matches a normalized path, or for which the path is too long. */
export type RegexSearch = (path: string) => RouteMatch | undefined;

/** Matches a path with the regex at a position of the rules. */
type RegexMatcher = (position: number, path: string) => RouteMatch | undefined;

const TOO_LONG = { groups: [], isTooLong: true } as const;
/** A list up to this length is searched in its order. */
const MAX_PLAIN_LENGTH = 16;
/** A longer prefix has the same key as its start, so that a path needs a limited number of look-ups. */
const MAX_PREFIX_LENGTH = 64;

// The forms that a compiled regex has around the regex of its path.
const ANCHORED = /^\^(.*)$/s;
const LIMITED_TO_PATHS = /^\(\?=\(\?-i:(?:\\.|[^\\()])*\)\(\?:\/\|\$\)\)\(\?:(.*)\)$/s;
const CASE_SENSITIVE = /^\(\?-i:(.*)\)$/s;

/**
 * Builds the search of regexes in their order. A long list has an index by the literal text that a path must start with.
 * A regex is compiled when it is first needed.
 */
export function buildRegexSearch(routes: readonly Route[]): RegexSearch {
  const regexes: (RegExp | undefined)[] = [];
  const positions = routes.flatMap(({ path }, position) => (path.type === "regex" ? [position] : []));
  const match: RegexMatcher = (position, path) => {
    const route = routes[position];
    if (route?.path.type !== "regex") return undefined;
    if (path.length > (route.path.maxBytes ?? MAX_REGEX_SUBJECT_BYTES)) return { ...TOO_LONG, route, position };
    const regex = regexes[position] ?? new RegExp(route.path.pattern, "i");
    regexes[position] = regex;
    const groups = regex.exec(path);
    return groups ? { route, position, groups } : undefined;
  };
  return positions.length <= MAX_PLAIN_LENGTH
    ? (path) => findFirst(positions, path, match, Number.POSITIVE_INFINITY)
    : buildIndexedSearch(routes, positions, match);
}

/** Looks up the starts of a path, the longest first, and keeps the match that is first in the rules. */
function buildIndexedSearch(routes: readonly Route[], positions: readonly number[], match: RegexMatcher): RegexSearch {
  const byPrefix = Map.groupBy(positions, (position) => buildPrefixKey(routes[position]));
  const lengths = [...new Set([...byPrefix.keys()].map((prefix) => prefix.length))].toSorted((a, b) => b - a);
  return (path) => {
    const lowerCasePath = path.toLowerCase();
    let first: RouteMatch | undefined;
    for (const length of lengths) {
      const candidates = length > path.length ? undefined : byPrefix.get(lowerCasePath.slice(0, length));
      if (candidates) first = findFirst(candidates, path, match, first?.position ?? Number.POSITIVE_INFINITY) ?? first;
    }
    return first;
  };
}

/** Returns the first match before the position `end`. */
function findFirst(
  positions: readonly number[],
  path: string,
  match: RegexMatcher,
  end: number,
): RouteMatch | undefined {
  for (const position of positions) {
    if (position >= end) return undefined;
    const found = match(position, path);
    if (found) return found;
  }
  return undefined;
}

function buildPrefixKey(route: Route | undefined): string {
  const pattern = route?.path.type === "regex" ? route.path.pattern : "";
  return readRegexPrefix(pattern).slice(0, MAX_PREFIX_LENGTH).toLowerCase();
}

/** Returns the literal text with which every match of a pattern starts. It may be shorter than possible, but not longer. */
function readRegexPrefix(pattern: string): string {
  const anchored = ANCHORED.exec(pattern)?.[1];
  if (anchored === undefined) return "";
  const regex = LIMITED_TO_PATHS.exec(anchored)?.[1] ?? anchored;
  return findRegexPrefix(CASE_SENSITIVE.exec(regex)?.[1] ?? regex) ?? "";
}
