import { toByteString } from "../rules/paths.ts";
import type { RouteMatch } from "./route-match.ts";
import { countSegments, findSegmentsEnd } from "./segments.ts";

/**
 * The prefixes of a host. A few are one string, the longest first, each after its length: a search through objects would
 * wait for memory at each of them when an isolate serves thousands of hosts.
 */
export interface PrefixTable {
  readonly texts: string; // without their final slash
  /** Two for each text: the match of `/foo`, and of `/foo/`. */
  readonly matches: readonly (RouteMatch | undefined)[];
  readonly bySegments: SegmentIndex | undefined; // of many prefixes
}

/** Prefixes by their text. The value is the number of the text. */
interface SegmentIndex {
  readonly numbers: ReadonlyMap<string, number>;
  readonly maxSegments: number; // of the deepest prefix; deeper segments are skipped
}

/** More prefixes than these are found faster by one look-up for each segment of the path. */
const MAX_SCANNED_PREFIXES = 24;
const MAX_SCANNED_LENGTH = 0xffff; // one character has the length
const SLASH = 47;

export function buildPrefixTable(prefixMatches: readonly RouteMatch[]): PrefixTable {
  const numbers = new Map<string, number>(); // by text
  const matches: (RouteMatch | undefined)[] = [];
  let maxSegments = 0;
  for (const match of prefixMatches) {
    const prefix = match.route.path.type === "prefix" ? toByteString(match.route.path.path) : "";
    const hasSlash = prefix.endsWith("/");
    const text = hasSlash ? prefix.slice(0, -1) : prefix;
    const number = numbers.get(text) ?? numbers.size;
    if (number === numbers.size) matches.push(undefined, undefined);
    numbers.set(text, number);
    matches[2 * number + Number(hasSlash)] = match;
    maxSegments = Math.max(maxSegments, countSegments(text));
  }
  return isScannable(numbers)
    ? buildScan(numbers, matches)
    : { texts: "", matches, bySegments: { numbers, maxSegments } };
}

function isScannable(numbers: ReadonlyMap<string, number>): boolean {
  if (numbers.size > MAX_SCANNED_PREFIXES) return false;
  return [...numbers.keys()].every((text) => text.length <= MAX_SCANNED_LENGTH);
}

function buildScan(numbers: ReadonlyMap<string, number>, matches: PrefixTable["matches"]): PrefixTable {
  const longestFirst = [...numbers].toSorted(([a], [b]) => b.length - a.length);
  return {
    texts: longestFirst.map(([text]) => String.fromCharCode(text.length) + text).join(""),
    matches: longestFirst.flatMap(([, number]) => matches.slice(2 * number, 2 * number + 2)),
    bySegments: undefined,
  };
}

/**
 * Returns the match of the longest prefix. `"/foo"` and `"/foo/"` both match `/foo` and `/foo/bar`. If both exist, the path
 * with the same spelling matches.
 */
export function findLongestPrefix(table: PrefixTable, path: string): RouteMatch | undefined {
  if (table.bySegments) return findBySegments(table.bySegments, table.matches, path);
  const { texts } = table;
  let number = 0;
  let start = 1;
  while (start <= texts.length) {
    const length = texts.charCodeAt(start - 1);
    if (endsSegment(path, length) && hasTextAt(texts, start, path, length))
      return chooseSpelling(table.matches, number, length === path.length);
    start += length + 1;
    number += 1;
  }
  return undefined;
}

function endsSegment(path: string, length: number): boolean {
  return length === path.length || (length < path.length && path.charCodeAt(length) === SLASH);
}

/** Compares from the end, because prefixes of a host often have the same start. */
function hasTextAt(texts: string, start: number, path: string, length: number): boolean {
  let index = length - 1;
  while (index >= 0 && path.charCodeAt(index) === texts.charCodeAt(start + index)) index -= 1;
  return index < 0;
}

/** Looks up the path, and then the path without its last segment, up to the root. */
function findBySegments(
  { numbers, maxSegments }: SegmentIndex,
  matches: PrefixTable["matches"],
  path: string,
): RouteMatch | undefined {
  let end = findSegmentsEnd(path, maxSegments);
  while (end >= 0) {
    const number = numbers.get(end === path.length ? path : path.slice(0, end));
    if (number !== undefined) return chooseSpelling(matches, number, end === path.length);
    end = end === 0 ? -1 : path.lastIndexOf("/", end - 1);
  }
  return undefined;
}

function chooseSpelling(matches: PrefixTable["matches"], number: number, isWholePath: boolean): RouteMatch | undefined {
  const [bare, slash] = [matches[2 * number], matches[2 * number + 1]];
  return isWholePath ? (bare ?? slash) : (slash ?? bare);
}
