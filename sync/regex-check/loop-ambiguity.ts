/** A loop with more edges is taken for ambiguous, because the analysis visits pairs of edges. */
const MAX_LOOP_EDGES = 600;

/** Two positions at which two ways with the same text can be. */
type Pair = readonly [number, number];

/**
 * Returns whether one text can take two ways from a position of a loop to another one, so that the number of ways can
 * double with each iteration. All positions of a loop are connected, so that is the case if two ways with the same text can
 * part at one position and meet at another.
 * Source: Weber and Seidl, "On the degree of ambiguity of finite automata" (criterion EDA).
 * @param first Number of the loop's first position.
 * @param targets The positions in the loop that follow each of its positions.
 * @param symbols The symbols of each position of the regex.
 */
export function hasAmbiguousWays(
  first: number,
  targets: readonly (readonly number[])[],
  symbols: readonly (readonly number[])[],
): boolean {
  if (targets.flat().length > MAX_LOOP_EDGES || targets.some(hasDuplicate)) return true;
  const haveCommonSymbol = createComparison(first, targets.length, symbols);
  const follow = ([a, b]: Pair): Pair[] =>
    (targets[a - first] ?? []).flatMap((nextA) =>
      (targets[b - first] ?? []).filter((nextB) => haveCommonSymbol(nextA, nextB)).map((nextB): Pair => [nextA, nextB]),
    );
  const partings = targets.flatMap((_, index) => follow([first + index, first + index]).filter(([a, b]) => a !== b));
  const pairs = new Map<number, Pair>();
  const addPair = ([a, b]: Pair) => {
    const [low, high] = a < b ? [a, b] : [b, a];
    pairs.set((low - first) * targets.length + (high - first), [low, high]);
  };
  for (const pair of partings) addPair(pair);
  for (const pair of pairs.values()) {
    const nextPairs = follow(pair);
    if (nextPairs.some(([a, b]) => a === b)) return true;
    for (const nextPair of nextPairs) addPair(nextPair);
  }
  return false;
}

/** Whether there are two edges from one position to another. */
function hasDuplicate(targets: readonly number[]): boolean {
  return new Set(targets).size < targets.length;
}

function createComparison(
  first: number,
  size: number,
  symbols: readonly (readonly number[])[],
): (a: number, b: number) => boolean {
  const masks = Array.from({ length: size }, (_, index) =>
    (symbols[first + index] ?? []).reduce((mask, symbol) => mask | (1n << BigInt(symbol)), 0n),
  );
  return (a, b) => ((masks[a - first] ?? 0n) & (masks[b - first] ?? 0n)) !== 0n;
}
