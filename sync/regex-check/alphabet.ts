/** Symbol of the end of the text. Characters of a byte string have lower numbers. */
const END = 256;

/**
 * Returns the symbols of each character or class. Characters that match the same sources are one symbol, so that two
 * sources share a symbol if they match the same character.
 */
export function createAlphabet(sources: readonly string[]): readonly (readonly number[])[] {
  const distinctSources = [...new Set(sources)];
  const matchers = distinctSources.map(createMatcher);
  const symbolBySignature = new Map<string, number>();
  const membersBySource = new Map<string, Set<number>>(distinctSources.map((source) => [source, new Set()]));
  for (let code = 0; code <= END; code++) {
    const matchingSources = distinctSources.filter((_, index) => matchers[index]?.(code));
    const signature = JSON.stringify(matchingSources);
    const symbol = symbolBySignature.get(signature) ?? symbolBySignature.size;
    symbolBySignature.set(signature, symbol);
    for (const source of matchingSources) membersBySource.get(source)?.add(symbol);
  }
  return sources.map((source) => [...(membersBySource.get(source) ?? [])]);
}

/** Tests the characters of byte strings as the edge does: without regard to case. */
function createMatcher(source: string): (code: number) => boolean {
  if (source === "$") return (code) => code === END;
  const regex = new RegExp(`^(?:${source})$`, "i");
  return (code) => code !== END && regex.test(String.fromCharCode(code));
}
