import type { RegexNode } from "./regex-syntax.ts";

/** More positions or edges than these are not analyzed. */
export const MAX_POSITIONS = 6000;
const MAX_EDGES = 20_000;

/** A character or class of a regex, or an assertion, which matches any symbol here so that no other way excludes it. */
export interface RegexPosition {
  readonly source: string;
  /** The regex of an assertion. */
  readonly assertion?: RegexNode;
}

/** A way on to a position. */
export interface Entry {
  readonly to: number;
  /** Number of groups that begin on the way and remember their text. */
  readonly groups: number;
}

/** A way from one position to another. */
export interface Edge extends Entry {
  readonly from: number;
}

/**
 * The positions of a regex (Glushkov's automaton): one for each character in it, repetitions written out. Two ways from
 * one position to another are two edges. A loop is a range of positions, because every other edge leads forward.
 */
export interface RegexAutomaton {
  readonly positions: readonly RegexPosition[];
  readonly edges: readonly Edge[];
  readonly loops: readonly (readonly [first: number, last: number])[];
  /** A position that starts in two ways is twice in the list. The same is true for `accepting`. */
  readonly starts: readonly Entry[];
  /** Positions after which the regex has matched. */
  readonly accepting: readonly number[];
  /** Number of ways in which an empty text matches, without assertions. */
  readonly emptyWays: number;
  /** Whether assertions alone can match, so that a way through positions can have no character. */
  readonly canBeAssertions: boolean;
}

export const EMPTY_AUTOMATON: RegexAutomaton = {
  positions: [],
  edges: [],
  loops: [],
  starts: [],
  accepting: [],
  emptyWays: 1,
  canBeAssertions: false,
};

/** Places automata one behind the other, without edges between them. Undefined if one of them is, or if they are too large. */
export function place(parts: readonly (RegexAutomaton | undefined)[]): RegexAutomaton[] | undefined {
  let offset = 0;
  let edgeCount = 0;
  const placedParts: RegexAutomaton[] = [];
  for (const part of parts) {
    if (!part) return undefined;
    const partOffset = offset;
    offset += part.positions.length;
    edgeCount += part.edges.length;
    if (offset > MAX_POSITIONS || edgeCount > MAX_EDGES) return undefined;
    const shift = (position: number) => position + partOffset;
    placedParts.push({
      ...part,
      edges: part.edges.map(({ from, to, groups }) => ({ from: shift(from), to: shift(to), groups })),
      loops: part.loops.map(([first, last]) => [shift(first), shift(last)] as const),
      starts: part.starts.map(({ to, groups }) => ({ to: shift(to), groups })),
      accepting: part.accepting.map(shift),
    });
  }
  return placedParts;
}

/** Takes placed automata together, so that edges between them can be added. */
export function join(
  placedParts: readonly RegexAutomaton[],
): Pick<RegexAutomaton, "positions" | "loops"> & { readonly edges: Edge[] } {
  return {
    positions: placedParts.flatMap((part) => part.positions),
    edges: placedParts.flatMap((part) => part.edges),
    loops: placedParts.flatMap((part) => part.loops),
  };
}

/** Returns the automaton of a sequence. */
export function chain(parts: readonly (RegexAutomaton | undefined)[]): RegexAutomaton | undefined {
  const placedParts = place(parts);
  if (!placedParts) return undefined;
  const joined = join(placedParts);
  let [starts, accepting, emptyWays]: [Entry[], number[], number] = [[], [], 1];
  for (const part of placedParts) {
    if (!connect(joined.edges, accepting, part.starts)) return undefined;
    if (emptyWays > 0) starts = [...starts, ...multiply(part.starts, emptyWays)];
    accepting = [...multiply(accepting, part.emptyWays), ...part.accepting];
    emptyWays *= part.emptyWays;
    if (starts.length > MAX_EDGES || accepting.length > MAX_EDGES) return undefined;
  }
  const canBeEmpty = placedParts.every((part) => part.emptyWays > 0 || part.canBeAssertions);
  const canBeAssertions = canBeEmpty && placedParts.some((part) => part.canBeAssertions);
  return { ...joined, starts, accepting, emptyWays, canBeAssertions };
}

/** Adds the edges between the positions of two lists. Returns whether there are not too many. */
export function connect(edges: Edge[], from: readonly number[], to: readonly Entry[]): boolean {
  if (edges.length + from.length * to.length > MAX_EDGES) return false;
  for (const source of from) for (const entry of to) edges.push({ from: source, ...entry });
  return true;
}

/** Repeats a list. A list beyond the limit is not written out: the caller only needs to see that it is too long. */
function multiply<T>(list: readonly T[], ways: number): readonly T[] {
  if (ways === 1) return list;
  if (list.length * ways > MAX_EDGES) return new Array(MAX_EDGES + 1);
  return Array.from({ length: ways }, () => list).flat();
}

/** Returns the automaton of alternatives. */
export function choose(parts: readonly (RegexAutomaton | undefined)[]): RegexAutomaton | undefined {
  const placedParts = place(parts);
  return (
    placedParts && {
      ...join(placedParts),
      starts: placedParts.flatMap((part) => part.starts),
      accepting: placedParts.flatMap((part) => part.accepting),
      emptyWays: placedParts.reduce((sum, part) => sum + part.emptyWays, 0),
      canBeAssertions: placedParts.some((part) => part.canBeAssertions),
    }
  );
}
