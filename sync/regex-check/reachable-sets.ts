import type { Search } from "./loops.ts";

/** Maximum number of positions in all sets. */
const MAX_REACHED = 30_000;

/**
 * Lists sets of positions: after each character of each text, the search is at positions of one of them. An assertion is in
 * the set of the character before it. Returns undefined if there are too many sets.
 */
export function listReachableSets(search: Search, isAnchored: boolean): readonly (readonly number[])[] | undefined {
  const { starts } = search.automaton;
  const known = new Set<string>();
  const sets: number[][] = [[]]; // before the first character
  let reached = 0;
  for (const [index, set] of sets.entries()) {
    const entries = index === 0 || !isAnchored ? starts : [];
    const { assertions, setBySymbol } = goOn(search, [...entries, ...set.flatMap((at) => search.successors[at] ?? [])]);
    set.push(...assertions);
    for (const positions of setBySymbol.values()) {
      reached += positions.size;
      const nextSet = Array.from(positions).sort((a, b) => a - b);
      const key = nextSet.join();
      if (!known.has(key)) sets.push(nextSet);
      known.add(key);
    }
    if (reached > MAX_REACHED) return undefined;
  }
  return sets;
}

/** Returns the positions that each symbol leads to, and the assertions before it, which the way passes first. */
function goOn(search: Search, targets: readonly number[]) {
  const assertions = new Set<number>();
  const positions = new Set(targets);
  const setBySymbol = new Map<number, Set<number>>();
  for (const position of positions) {
    if (search.automaton.positions[position]?.assertion) {
      assertions.add(position);
      for (const target of search.successors[position] ?? []) positions.add(target);
      continue;
    }
    for (const symbol of search.symbols[position] ?? []) {
      const set = setBySymbol.get(symbol) ?? new Set();
      setBySymbol.set(symbol, set.add(position));
    }
  }
  return { assertions, setBySymbol };
}
