import { toByteString } from "../rules/paths.ts";
import type { RouteMatch } from "./route-match.ts";

/** Prefixes whose text is the same without a final slash: `/foo` and `/foo/`. */
interface PrefixEntry {
  readonly text: string; // without the final slash
  readonly bare: RouteMatch | undefined;
  readonly slash: RouteMatch | undefined;
}

/** Returns the match of the longest prefix of a normalized path. */
export type PrefixSearch = (path: string) => RouteMatch | undefined;

/** More prefixes than these are found faster by one look-up for each segment of the path. */
const MAX_SCANNED_PREFIXES = 24;
const MAX_SCANNED_LENGTH = 0xffff; // one character has the length
const SLASH = 47;

/**
 * Builds the search of prefixes. `"/foo"` and `"/foo/"` both match `/foo` and `/foo/bar`. If both exist, the path with the
 * same spelling matches.
 */
export function buildPrefixSearch(matches: readonly RouteMatch[]): PrefixSearch {
  const entries = buildEntries(matches);
  const isShort = entries.every(({ text }) => text.length <= MAX_SCANNED_LENGTH);
  return entries.length <= MAX_SCANNED_PREFIXES && isShort ? buildScan(entries) : buildSegmentSearch(entries);
}

function buildEntries(matches: readonly RouteMatch[]): PrefixEntry[] {
  const entries = new Map<string, PrefixEntry>();
  for (const match of matches) {
    const path = match.route.path.type === "prefix" ? toByteString(match.route.path.path) : "";
    const hasSlash = path.endsWith("/");
    const text = hasSlash ? path.slice(0, -1) : path;
    const { bare, slash } = entries.get(text) ?? { bare: undefined, slash: undefined };
    entries.set(text, hasSlash ? { text, bare, slash: match } : { text, bare: match, slash });
  }
  return [...entries.values()];
}

/**
 * Scans the prefixes, the longest first. They are one string, each after its length, because a search through objects
 * waits for memory at each of them when an isolate serves thousands of hosts.
 */
function buildScan(entries: readonly PrefixEntry[]): PrefixSearch {
  const sorted = entries.toSorted((a, b) => b.text.length - a.text.length);
  const texts = sorted.map(({ text }) => String.fromCharCode(text.length) + text).join("");
  return (path) => {
    let start = 1;
    for (let index = 0; index < sorted.length; index++) {
      const length = texts.charCodeAt(start - 1);
      if (endsSegment(path, length) && hasTextAt(texts, start, path, length))
        return chooseSpelling(sorted[index], length === path.length);
      start += length + 1;
    }
    return undefined;
  };
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
function buildSegmentSearch(entries: readonly PrefixEntry[]): PrefixSearch {
  const byText = new Map(entries.map((entry) => [entry.text, entry]));
  const maxSegments = Math.max(0, ...entries.map(({ text }) => text.split("/").length - 1));
  return (path) => {
    let end = findSegmentsEnd(path, maxSegments);
    while (end >= 0) {
      const entry = byText.get(end === path.length ? path : path.slice(0, end));
      if (entry) return chooseSpelling(entry, end === path.length);
      end = end === 0 ? -1 : path.lastIndexOf("/", end - 1);
    }
    return undefined;
  };
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

function chooseSpelling(entry: PrefixEntry | undefined, isWholePath: boolean): RouteMatch | undefined {
  return isWholePath ? (entry?.bare ?? entry?.slash) : (entry?.slash ?? entry?.bare);
}
