import type { Loop, Search } from "./loops.ts";
import { add, atLeast, type Polynomial, sumOfLengths, ZERO } from "./polynomial.ts";

/** The maximum steps of a search that backtracks, from a position on. */
interface Bound {
  /** Steps of a search that finds nothing. Zero if it always finds a match: then the whole search ends. */
  readonly failing: Polynomial;
  /** Further steps of the search that finds the match. There is only one. */
  readonly matching: Polynomial;
}

/**
 * Bounds the steps at the positions of a regex by following the search from its end to its start. The bound is near the
 * real number if the next character decides between two ways, as in `(ab?){0,400}`. Each exit of a loop counts with its
 * worst text, which is too much for long literal text behind a loop.
 * @param costs Steps of a visit of each position.
 */
export function boundBySearch(search: Search, costs: readonly Polynomial[], isAnchored: boolean): Polynomial {
  const bounds: Bound[] = [];
  for (let position = search.automaton.positions.length - 1; position >= 0; position--) {
    const loop = search.loopByEnd.get(position);
    const { failing, matching } = loop
      ? boundLoop(search, loop, costs, bounds)
      : boundPosition(search, position, costs, bounds);
    for (let member = loop?.first ?? position; member <= position; member++)
      bounds[member] = search.isAccepting[member]
        ? { failing: ZERO, matching: add(failing, matching) }
        : { failing, matching };
    position = loop?.first ?? position;
  }
  const { starts } = search.automaton;
  const failing = sumBySymbol(search, starts, bounds);
  return add(isAnchored ? failing : sumOfLengths(failing), boundMatching(starts, bounds));
}

function boundPosition(
  search: Search,
  position: number,
  costs: readonly Polynomial[],
  bounds: readonly Bound[],
): Bound {
  const targets = search.successors[position] ?? [];
  return {
    failing: add(costs[position] ?? ZERO, sumBySymbol(search, targets, bounds)),
    matching: boundMatching(targets, bounds),
  };
}

/** Sums the bounds of the targets that one symbol leads to, for the worst symbol. */
function sumBySymbol({ symbols }: Search, targets: readonly number[], bounds: readonly Bound[]): Polynomial {
  const sums = new Map<number, Polynomial>();
  for (const target of targets) {
    const failing = bounds[target]?.failing ?? ZERO;
    for (const symbol of symbols[target] ?? []) sums.set(symbol, add(sums.get(symbol) ?? ZERO, failing));
  }
  return [...sums.values()].reduce(atLeast, ZERO);
}

function boundMatching(targets: readonly number[], bounds: readonly Bound[]): Polynomial {
  return targets.map((target) => bounds[target]?.matching ?? ZERO).reduce(atLeast, ZERO);
}

/**
 * Bounds a loop: at each character, the search is at one position if the way is determined, else at each position, and
 * tries the exits there. An exit that is not repeated is passed once, where the way in the loop ends.
 */
function boundLoop(search: Search, loop: Loop, costs: readonly Polynomial[], bounds: readonly Bound[]): Bound {
  const combine = loop.isDetermined || loop.alwaysMatches ? atLeast : add;
  let [repeated, atAssertions, single, matching] = [ZERO, ZERO, ZERO, ZERO];
  for (const { position, isAssertion, exits } of loop.members) {
    const sumOfExits = (isRepeated: boolean) => {
      const targets = exits.filter((exit) => exit.isRepeated === isRepeated).map(({ target }) => target);
      return sumBySymbol(search, targets, bounds);
    };
    const steps = add(costs[position] ?? ZERO, sumOfExits(true));
    if (isAssertion) atAssertions = add(atAssertions, steps);
    else repeated = combine(repeated, steps);
    single = combine(single, sumOfExits(false));
    const targets = exits.map(({ target }) => target);
    matching = atLeast(matching, boundMatching(targets, bounds));
  }
  return { failing: add(sumOfLengths(add(repeated, atAssertions)), single), matching };
}
