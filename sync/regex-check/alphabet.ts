/** Symbol of the end of the text. Characters of a byte string have lower numbers. */
const END = 256;
/** Paths are matched without regard to case, values of headers with it. `[^a]` matches "A" only in the latter. */
export const EDGE_FLAGS = ["i", ""] as const;

/**
 * Returns the symbols of each character or class. Characters that match the same sources are one symbol, so that two
 * sources share a symbol if they match the same character, with or without regard to case.
 */
export function createAlphabet(sources: readonly string[]): readonly (readonly number[])[] {
  const distinctSources = [...new Set(sources)];
  const matcherLists = EDGE_FLAGS.map((flags) => distinctSources.map((source) => createMatcher(source, flags)));
  const symbolBySignature = new Map<string, number>();
  const membersBySource = new Map<string, Set<number>>(distinctSources.map((source) => [source, new Set()]));
  for (const matchers of matcherLists) {
    for (let code = 0; code <= END; code++) {
      const matchingSources = distinctSources.filter((_, index) => matchers[index]?.(code));
      const signature = JSON.stringify(matchingSources);
      const symbol = symbolBySignature.get(signature) ?? symbolBySignature.size;
      symbolBySignature.set(signature, symbol);
      for (const source of matchingSources) membersBySource.get(source)?.add(symbol);
    }
  }
  return sources.map((source) => [...(membersBySource.get(source) ?? [])]);
}

/** Tests the characters of byte strings. */
function createMatcher(source: string, flags: string): (code: number) => boolean {
  if (source === "$") return (code) => code === END;
  const regex = new RegExp(`^(?:${source})$`, flags);
  return (code) => code !== END && regex.test(String.fromCharCode(code));
}
