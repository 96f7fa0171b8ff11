import { hasAmbiguousWays } from "./loop-ambiguity.ts";
import type { RegexAutomaton } from "./regex-automaton.ts";

/** An automaton whose lists are indexed by position. */
export interface Search {
  readonly automaton: RegexAutomaton;
  readonly successors: readonly (readonly number[])[];
  readonly isAccepting: readonly boolean[];
  /** Symbols of each position: numbers of groups of characters that the regex treats alike. */
  readonly symbols: readonly (readonly number[])[];
  /** By the first position of a loop, and by its last. */
  readonly loopByStart: ReadonlyMap<number, Loop>;
  readonly loopByEnd: ReadonlyMap<number, Loop>;
}

/** A loop in which each text has one way from one position to another. */
export interface Loop {
  readonly first: number;
  readonly last: number;
  /** Whether the next symbol alone determines the way, so that a text is at one position. Assertions take no character. */
  readonly isDetermined: boolean;
  /** Whether each position ends the search, so that it never goes back into the loop. */
  readonly alwaysMatches: boolean;
  readonly members: readonly LoopMember[];
}

export interface LoopMember {
  readonly position: number;
  readonly isAssertion: boolean;
  /** Positions behind the loop, and whether the loop can go on with one of their symbols. */
  readonly exits: readonly { readonly target: number; readonly isRepeated: boolean }[];
}

/** Finds the loops of an automaton. Returns undefined if a text can take several ways through one. */
export function createSearch(automaton: RegexAutomaton, symbols: readonly (readonly number[])[]): Search | undefined {
  const successors: number[][] = automaton.positions.map(() => []);
  for (const [from, to] of automaton.edges) successors[from]?.push(to);
  const accepting = new Set(automaton.accepting);
  const isAccepting = automaton.positions.map((_, position) => accepting.has(position));
  const graph = { automaton, successors, symbols, isAccepting };
  const loops: Loop[] = [];
  for (const [first, last] of automaton.loops) {
    const loop = createLoop(graph, first, last);
    if (!loop) return undefined;
    loops.push(loop);
  }
  return {
    ...graph,
    loopByStart: new Map(loops.map((loop) => [loop.first, loop])),
    loopByEnd: new Map(loops.map((loop) => [loop.last, loop])),
  };
}

function createLoop(
  { automaton, successors, symbols, isAccepting }: Omit<Search, "loopByStart" | "loopByEnd">,
  first: number,
  last: number,
): Loop | undefined {
  const positions = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const isInside = (target: number) => target >= first && target <= last;
  const innerTargets = positions.map((position) => successors[position]?.filter(isInside) ?? []);
  const innerSymbols = innerTargets.map((targets) => targets.flatMap((target) => symbols[target] ?? []));
  const isDetermined = innerSymbols.every((list) => new Set(list).size === list.length);
  const alwaysMatches = positions.every((position) => isAccepting[position]);
  const isAssertion = (position: number) => automaton.positions[position]?.assertion !== undefined;
  // An assertion takes no character, so that two ways with the same text can have different lengths.
  const hasOneWay = isDetermined || (!positions.some(isAssertion) && !hasAmbiguousWays(first, innerTargets, symbols));
  if (!hasOneWay && !alwaysMatches) return undefined;
  const allSymbols = new Set(innerSymbols.flat());
  const members = positions.map((position, index): LoopMember => {
    const loopSymbols = isDetermined ? new Set(innerSymbols[index]) : allSymbols;
    const exits = successors[position]?.filter((target) => !isInside(target)) ?? [];
    return {
      position,
      isAssertion: isAssertion(position),
      exits: exits.map((target) => ({
        target,
        isRepeated: symbols[target]?.some((symbol) => loopSymbols.has(symbol)) ?? false,
      })),
    };
  });
  return { first, last, isDetermined, alwaysMatches, members };
}
