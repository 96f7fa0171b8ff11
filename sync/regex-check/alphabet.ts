/** Symbol of the end of the text. Characters of a byte string have lower numbers. */
const END = 256;
/** Source of a position that matches each symbol. */
export const ANY_SYMBOL = "";
/** Paths are matched without regard to case, values of headers with it. `[^a]` matches "A" only in the latter. */
export const EDGE_FLAGS = ["i", ""] as const;

/**
 * Returns the symbols of each character or class. Characters that match the same sources are one symbol, so that two
 * sources share a symbol if they match the same character, with or without regard to case.
 */
export function createAlphabet(sources: readonly string[]): readonly (readonly number[])[] {
  const placesBySource = new Map(sources.map((source) => [source, listPlaces(source)]));
  const symbolOfPlace = new Uint32Array(PLACES);
  let symbolCount = 1;
  for (const places of placesBySource.values()) {
    const splitSymbols = new Map<number, number>(); // the part of each symbol that this source matches is a new symbol
    for (const place of places) {
      const symbol = symbolOfPlace[place] ?? 0;
      const splitSymbol = splitSymbols.get(symbol) ?? symbolCount++;
      splitSymbols.set(symbol, splitSymbol);
      symbolOfPlace[place] = splitSymbol;
    }
  }
  const toSymbols = (places: readonly number[]) => [...new Set(places.map((place) => symbolOfPlace[place] ?? 0))];
  const symbolsBySource = new Map(Array.from(placesBySource, ([source, places]) => [source, toSymbols(places)]));
  return sources.map((source) => symbolsBySource.get(source) ?? []);
}

/** A place is a code with or without regard to case: the codes of the first flags, then those of the second. */
const CODES = END + 1;
const PLACES = CODES * EDGE_FLAGS.length;
/** Most sources are single characters, which all regexes share. Classes are written by users, so they are limited. */
const MAX_KNOWN_SOURCES = 1000;
const knownPlaces = new Map<string, readonly number[]>();

/** Returns the places that a character or class matches. */
function listPlaces(source: string): readonly number[] {
  const known = knownPlaces.get(source);
  if (known) return known;
  const places = EDGE_FLAGS.flatMap((flags, index) => {
    const matches = createMatcher(source, flags);
    return Array.from({ length: CODES }, (_, code) => code)
      .filter(matches)
      .map((code) => index * CODES + code);
  });
  if (knownPlaces.size >= MAX_KNOWN_SOURCES) knownPlaces.clear();
  knownPlaces.set(source, places);
  return places;
}

/** Tests the characters of byte strings. */
function createMatcher(source: string, flags: string): (code: number) => boolean {
  if (source === ANY_SYMBOL) return () => true;
  if (source === "$") return (code) => code === END;
  const regex = new RegExp(`^(?:${source})$`, flags);
  return (code) => code !== END && regex.test(String.fromCharCode(code));
}
