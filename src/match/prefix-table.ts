import { toByteString } from "../rules/paths.ts";
import type { RouteMatch } from "./route-match.ts";

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
  const bareMatches = new Map<string, RouteMatch>();
  const slashMatches = new Map<string, RouteMatch>();
  for (const match of prefixMatches) {
    const prefix = match.route.path.type === "prefix" ? toByteString(match.route.path.path) : "";
    if (prefix.endsWith("/")) slashMatches.set(prefix.slice(0, -1), match);
    else bareMatches.set(prefix, match);
  }
  const texts = [...new Set([...bareMatches.keys(), ...slashMatches.keys()])];
  const isScanned = texts.length <= MAX_SCANNED_PREFIXES && texts.every((text) => text.length <= MAX_SCANNED_LENGTH);
  if (isScanned) texts.sort((a, b) => b.length - a.length);
  return {
    texts: isScanned ? texts.map((text) => String.fromCharCode(text.length) + text).join("") : "",
    matches: texts.flatMap((text) => [bareMatches.get(text), slashMatches.get(text)]),
    bySegments: isScanned ? undefined : buildSegmentIndex(texts),
  };
}

function buildSegmentIndex(texts: readonly string[]): SegmentIndex {
  return {
    numbers: new Map(texts.map((text, number) => [text, number])),
    maxSegments: texts.reduce((max, text) => Math.max(max, text.split("/").length - 1), 0),
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

/** Returns the index after the first `segments` segments of a path. */
function findSegmentsEnd(path: string, segments: number): number {
  let end = 0;
  for (let count = 0; count < segments; count++) {
    end = path.indexOf("/", end + 1);
    if (end < 0) return path.length;
  }
  return end;
}

function chooseSpelling(matches: PrefixTable["matches"], number: number, isWholePath: boolean): RouteMatch | undefined {
  const [bare, slash] = [matches[2 * number], matches[2 * number + 1]];
  return isWholePath ? (bare ?? slash) : (slash ?? bare);
}
