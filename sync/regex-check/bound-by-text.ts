import type { Loop, Search } from "./loops.ts";
import {
  add,
  atLeast,
  degree,
  EACH_CHARACTER,
  multiply,
  ONE,
  type Polynomial,
  sumOfLengths,
  times,
  ZERO,
} from "./polynomial.ts";
import { listReachableSets } from "./reachable-sets.ts";

/** Number of ways to a position for the worst text. */
interface Ways {
  /** Ways that end at one character of the text, by the number of that character. */
  readonly atCharacter: Polynomial;
  /** Ways that end at any character. */
  readonly total: Polynomial;
}

/** Ways counted so far: to each position, and the steps of the visits that end them. */
interface Count {
  readonly search: Search;
  readonly costs: readonly Polynomial[];
  readonly arriving: Ways[];
  /** Positions that each character of the text can reach, with the ways to one of the `positions` at a character. */
  readonly repeatedVisits: { readonly positions: readonly number[]; readonly ways: Polynomial }[];
  /** Steps at the positions that few characters reach. */
  singleVisitSteps: Polynomial;
}

const NO_WAYS: Ways = { atCharacter: ZERO, total: ZERO };

/**
 * Bounds the steps at the positions of a regex by the number of ways to each of them. A text leads to some of
 * the positions at a time, so the bound is near the real number for long literal text behind a loop.
 * @param costs Steps of a visit of each position.
 */
export function boundByText(search: Search, costs: readonly Polynomial[], isAnchored: boolean): Polynomial {
  const count: Count = { search, costs, arriving: [], repeatedVisits: [], singleVisitSteps: ZERO };
  for (const start of search.automaton.starts)
    arrive(count, start, { atCharacter: ONE, total: isAnchored ? ONE : EACH_CHARACTER });
  for (let position = 0; position < search.automaton.positions.length; position++) {
    const loop = search.loopByStart.get(position);
    if (loop) passLoop(count, loop);
    else passPosition(count, position);
    position = loop?.last ?? position;
  }
  return add(count.singleVisitSteps, boundRepeatedVisits(count, isAnchored));
}

function arrive({ arriving }: Count, position: number, ways: Ways): void {
  const earlier = arriving[position] ?? NO_WAYS;
  arriving[position] = {
    atCharacter: add(earlier.atCharacter, ways.atCharacter),
    total: add(earlier.total, ways.total),
  };
}

function passPosition(count: Count, position: number): void {
  const ways = endAtMatch(count, position, count.arriving[position] ?? NO_WAYS);
  if (degree(ways.total) > degree(ways.atCharacter))
    count.repeatedVisits.push({ positions: [position], ways: ways.atCharacter });
  else count.singleVisitSteps = add(count.singleVisitSteps, multiply(ways.total, count.costs[position] ?? ZERO));
  for (const target of count.search.successors[position] ?? []) arrive(count, target, ways);
}

/** Limits the ways to a position where the regex has matched: all further ways of the search begin with the first one. */
function endAtMatch({ search }: Count, position: number, ways: Ways): Ways {
  if (!search.isAccepting[position]) return ways;
  return { atCharacter: ONE, total: degree(ways.total) > 0 ? EACH_CHARACTER : ways.total };
}

/** Bounds the steps at the positions that each character of the text can reach. */
function boundRepeatedVisits({ search, costs, repeatedVisits }: Count, isAnchored: boolean): Polynomial {
  if (repeatedVisits.length === 0) return ZERO;
  const sets = listReachableSets(search, isAnchored) ?? [[...search.successors.keys()]];
  return sumOfLengths(sets.map((set) => boundVisitsOf(set, repeatedVisits, costs)).reduce(atLeast, ZERO));
}

/** Bounds the steps at one character from which the search is at these positions. */
function boundVisitsOf(
  reachedPositions: readonly number[],
  visits: Count["repeatedVisits"],
  costs: readonly Polynomial[],
): Polynomial {
  const reached = new Set(reachedPositions);
  return visits
    .map(({ positions, ways }) => {
      const reachedCosts = positions.filter((at) => reached.has(at)).map((at) => costs[at] ?? ZERO);
      return multiply(ways, reachedCosts.reduce(atLeast, ZERO));
    })
    .reduce(add, ZERO);
}

function passLoop(count: Count, loop: Loop): void {
  const entering = loop.members.map(({ position }) => count.arriving[position]?.total ?? ZERO).reduce(add, ZERO);
  const atCharacter = loop.alwaysMatches ? ONE : entering;
  const positions = loop.members.filter(({ isAssertion }) => !isAssertion).map(({ position }) => position);
  const assertions = loop.members.filter(({ isAssertion }) => isAssertion).map(({ position }) => position);
  const alternatives = loop.isDetermined ? [positions] : positions.map((position) => [position]);
  for (const alternative of [...alternatives, ...assertions.map((position) => [position])])
    count.repeatedVisits.push({ positions: alternative, ways: atCharacter });
  leaveLoop(count, loop, { atCharacter: entering, total: entering }, atCharacter);
}

/** An exit that is not repeated is passed once for each way into the loop, where the way in the loop ends. */
function leaveLoop(count: Count, loop: Loop, entering: Ways, atCharacter: Polynomial): void {
  const combine = loop.isDetermined ? atLeast : add; // a determined way is at one position
  const exits = new Map<number, Ways>();
  for (const member of loop.members) {
    const repeated = endAtMatch(count, member.position, { atCharacter, total: sumOfLengths(atCharacter) });
    for (const [target, edges] of Map.groupBy(member.exits, (exit) => exit.target)) {
      const ways = edges[0]?.isRepeated ? repeated : entering;
      const earlier = exits.get(target) ?? NO_WAYS;
      exits.set(target, {
        atCharacter: combine(earlier.atCharacter, times(ways.atCharacter, edges.length)),
        total: combine(earlier.total, times(ways.total, edges.length)),
      });
    }
  }
  for (const [target, ways] of exits) arrive(count, target, ways);
}
