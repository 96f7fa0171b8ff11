import { toByteString } from "../rules/paths.ts";
import type { Route } from "../rules/snapshot.ts";
import { countSegments, findSegmentsEnd } from "./segments.ts";

/**
 * The prefixes of a host. A few are one string, the longest first, each after its length: a search through objects would
 * wait for memory at each of them when an isolate serves thousands of hosts.
 */
export interface PrefixTable {
  readonly texts: string; // without their final slash
  /** Two for each text: the position of the route `/foo`, and of `/foo/`, or `NO_POSITION`. */
  readonly positions: readonly number[];
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
/** The position of no route. */
export const NO_POSITION = -1;

/** Builds the table of the prefixes among the routes of a host. */
export function buildPrefixTable(routes: readonly Route[]): PrefixTable {
  const numbers = new Map<string, number>(); // by text
  const positions: number[] = [];
  let maxSegments = 0;
  routes.forEach(({ path }, position) => {
    if (path.type !== "prefix") return;
    const prefix = toByteString(path.path);
    const hasSlash = prefix.endsWith("/");
    const text = hasSlash ? prefix.slice(0, -1) : prefix;
    const number = numbers.get(text) ?? numbers.size;
    if (number === numbers.size) {
      positions.push(NO_POSITION, NO_POSITION);
      numbers.set(text, number);
      maxSegments = Math.max(maxSegments, countSegments(text));
    }
    positions[2 * number + Number(hasSlash)] = position;
  });
  return isScannable(numbers)
    ? buildScan(numbers, positions)
    : { texts: "", positions, bySegments: { numbers, maxSegments } };
}

function isScannable(numbers: ReadonlyMap<string, number>): boolean {
  if (numbers.size > MAX_SCANNED_PREFIXES) return false;
  return [...numbers.keys()].every((text) => text.length <= MAX_SCANNED_LENGTH);
}

function buildScan(numbers: ReadonlyMap<string, number>, positions: readonly number[]): PrefixTable {
  const longestFirst = [...numbers].toSorted(([a], [b]) => b.length - a.length);
  return {
    texts: longestFirst.map(([text]) => String.fromCharCode(text.length) + text).join(""),
    positions: longestFirst.flatMap(([, number]) => positions.slice(2 * number, 2 * number + 2)),
    bySegments: undefined,
  };
}

/**
 * Returns the position of the route with the longest prefix of a path, or `NO_POSITION`. `"/foo"` and `"/foo/"` both match
 * `/foo` and `/foo/bar`. If both exist, the path with the same spelling matches.
 */
export function findLongestPrefix(table: PrefixTable, path: string): number {
  if (table.bySegments) return findBySegments(table.bySegments, table.positions, path);
  const { texts } = table;
  let number = 0;
  let start = 1;
  while (start <= texts.length) {
    const length = texts.charCodeAt(start - 1);
    if (endsSegment(path, length) && hasTextAt(texts, start, path, length))
      return chooseSpelling(table.positions, number, length === path.length);
    start += length + 1;
    number += 1;
  }
  return NO_POSITION;
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
function findBySegments({ numbers, maxSegments }: SegmentIndex, positions: readonly number[], path: string): number {
  let end = findSegmentsEnd(path, maxSegments);
  while (end >= 0) {
    const number = numbers.get(end === path.length ? path : path.slice(0, end));
    if (number !== undefined) return chooseSpelling(positions, number, end === path.length);
    end = end === 0 ? -1 : path.lastIndexOf("/", end - 1);
  }
  return NO_POSITION;
}

function chooseSpelling(positions: readonly number[], number: number, isWholePath: boolean): number {
  const preferred = positions[2 * number + Number(!isWholePath)] ?? NO_POSITION;
  return preferred === NO_POSITION ? (positions[2 * number + Number(isWholePath)] ?? NO_POSITION) : preferred;
}
