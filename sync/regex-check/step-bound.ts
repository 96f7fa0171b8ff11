import { createAlphabet } from "./alphabet.ts";
import { add, atLeast, constant, type Polynomial, timesLength, ZERO } from "./polynomial.ts";
import { buildAutomaton, type RegexAutomaton } from "./regex-automaton.ts";
import { parseRegex, type RegexNode, splitAssertions } from "./regex-syntax.ts";

/** The maximum steps of a search that backtracks, from a position on. */
interface Bound {
  /** Steps of a search that finds nothing. Zero if it always finds a match: then the whole search ends. */
  readonly failing: Polynomial;
  /** Further steps of the search that finds the match. There is only one. */
  readonly matching: Polynomial;
}

/** An automaton, indexed by position. */
interface Search {
  readonly automaton: RegexAutomaton;
  readonly successors: readonly (readonly number[])[];
  readonly isAccepting: readonly boolean[];
  /** Symbols of each position: numbers of groups of characters that the regex treats alike. */
  readonly symbols: readonly (readonly number[])[];
}

/**
 * Returns an upper bound of the steps to match a regex, from its structure alone: neither the speed of the machine nor
 * the length of its literal text decides. Returns undefined if the structure does not show a bound: rare constructs, and
 * loops in which one text can take two ways.
 */
export function boundSteps(pattern: string): Polynomial | undefined {
  const { node, hasAnchor } = parse(pattern);
  return node && boundNode(node, hasAnchor);
}

/**
 * Returns the bounds of a regex without its assertions, and of the regex of each assertion. Together they can take longer than
 * each of them. Undefined if the structure does not show one of them.
 */
export function boundParts(pattern: string): readonly Polynomial[] | undefined {
  const { node, hasAnchor } = parse(pattern);
  if (!node) return undefined;
  const [whole = node, ...assertions] = splitAssertions(node);
  const bounds = [boundNode(whole, hasAnchor), ...assertions.map((assertion) => boundNode(assertion, true))];
  return bounds.includes(undefined) ? undefined : bounds.filter((steps) => steps !== undefined);
}

function parse(pattern: string): { readonly node: RegexNode | undefined; readonly hasAnchor: boolean } {
  const hasAnchor = pattern.startsWith("^");
  return { node: parseRegex(hasAnchor ? pattern.slice(1) : pattern), hasAnchor };
}

function boundNode(node: RegexNode, hasAnchor: boolean): Polynomial | undefined {
  // In `^a|b` the anchor belongs to the first alternative only: the search starts at each character.
  const isAnchored = hasAnchor && !(node.type === "choice" && node.parts.length > 1);
  const automaton = buildAutomaton(node);
  if (!automaton) return undefined;
  const search = createSearch(automaton);
  const bounds = boundPositions(search);
  if (!bounds) return undefined;
  const start = boundBranches(search, automaton.starts, bounds);
  return add(isAnchored ? start.failing : timesLength(start.failing), start.matching);
}

function createSearch(automaton: RegexAutomaton): Search {
  const successors: number[][] = automaton.sources.map(() => []);
  for (const [from, to] of automaton.edges) successors[from]?.push(to);
  const accepting = new Set(automaton.accepting);
  return {
    automaton,
    successors,
    isAccepting: automaton.sources.map((_, position) => accepting.has(position)),
    symbols: createAlphabet(automaton.sources),
  };
}

/** Bounds each position, the last first. All edges but those of loops lead to positions with a bound. */
function boundPositions(search: Search): readonly Bound[] | undefined {
  const bounds: Bound[] = [];
  const loopByEnd = new Map(search.automaton.loops.map((loop) => [loop[1], loop]));
  for (let position = search.automaton.sources.length - 1; position >= 0; position--) {
    const [loopStart] = loopByEnd.get(position) ?? [position];
    const bound = loopByEnd.has(position)
      ? boundLoop(search, loopStart, position, bounds)
      : boundBranches(search, search.successors[position] ?? [], bounds);
    if (!bound) return undefined;
    for (let member = position; member >= loopStart; member--)
      bounds[member] = search.isAccepting[member] ? alwaysMatching(bound) : bound;
    position = loopStart;
  }
  return bounds;
}

function alwaysMatching({ failing, matching }: Bound): Bound {
  return { failing: ZERO, matching: add(failing, matching) };
}

function boundBranches(search: Search, targets: readonly number[], bounds: readonly Bound[]): Bound {
  const branches = [...sumBySymbol(search, targets, bounds).values()].reduce(atLeast, ZERO);
  return { failing: add(constant(1 + targets.length), branches), matching: boundMatching(targets, bounds) };
}

/** Sums the bounds of the targets that one symbol leads to. */
function sumBySymbol(search: Search, targets: readonly number[], bounds: readonly Bound[]): Map<number, Polynomial> {
  const sums = new Map<number, Polynomial>();
  for (const target of targets) {
    const failing = bounds[target]?.failing ?? ZERO;
    for (const symbol of search.symbols[target] ?? []) sums.set(symbol, add(sums.get(symbol) ?? ZERO, failing));
  }
  return sums;
}

function boundMatching(targets: readonly number[], bounds: readonly Bound[]): Polynomial {
  return targets.map((target) => bounds[target]?.matching ?? ZERO).reduce(atLeast, ZERO);
}

/**
 * Bounds the positions of a loop in which each text has one way. The search passes at most each character once, and
 * tries the exits there. An exit that shares no symbol with the loop is tried once, where the way in the loop ends.
 */
function boundLoop(search: Search, first: number, last: number, bounds: readonly Bound[]): Bound | undefined {
  const isInside = (position: number) => position >= first && position <= last;
  let [repeated, single, matching] = [ZERO, ZERO, ZERO];
  for (let position = first; position <= last; position++) {
    const targets = search.successors[position] ?? [];
    const innerSymbols = targets.filter(isInside).flatMap((target) => search.symbols[target] ?? []);
    const loopSymbols = new Set(innerSymbols);
    if (loopSymbols.size < innerSymbols.length) return undefined;
    const exits = targets.filter((target) => !isInside(target));
    let repeatedHere = ZERO;
    for (const [symbol, sum] of sumBySymbol(search, exits, bounds)) {
      if (loopSymbols.has(symbol)) repeatedHere = atLeast(repeatedHere, sum);
      else single = atLeast(single, sum);
    }
    repeated = atLeast(repeated, add(constant(1 + targets.length), repeatedHere));
    matching = atLeast(matching, boundMatching(exits, bounds));
  }
  return { failing: add(timesLength(repeated), single), matching };
}
