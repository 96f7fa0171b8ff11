import type { RegexNode } from "./regex-syntax.ts";

/** More positions or edges than these are not analyzed. */
export const MAX_POSITIONS = 6000;
const MAX_EDGES = 20_000;

/** A character or class of a regex, or an assertion, which matches any symbol here so that no other way excludes it. */
export interface RegexPosition {
  readonly source: string;
  readonly assertion?: Extract<RegexNode, { type: "assertion" }>;
}

/**
 * The positions of a regex (Glushkov's automaton): one for each character in it, repetitions written out. Two ways from
 * one position to another are two edges. A loop is a range of positions, because every other edge leads forward.
 */
export interface RegexAutomaton {
  readonly positions: readonly RegexPosition[];
  readonly edges: readonly (readonly [from: number, to: number])[];
  readonly loops: readonly (readonly [first: number, last: number])[];
  /** A position that starts in two ways is twice in the list. The same is true for `accepting`. */
  readonly starts: readonly number[];
  /** Positions after which the regex has matched. */
  readonly accepting: readonly number[];
  /** Number of ways in which an empty text matches, without assertions. */
  readonly emptyWays: number;
  /** Whether assertions alone can match, so that a way through positions can have no character. */
  readonly canBeAssertions: boolean;
  /** Number of groups that remember their text. */
  readonly groups: number;
  /** Steps between the arrival at the regex and its first characters, without those to try the characters. */
  readonly entrySteps: number;
  /** Steps after each position, without those to try the next ones. */
  readonly exitSteps: readonly number[];
}

export const EMPTY_AUTOMATON: RegexAutomaton = {
  positions: [],
  edges: [],
  loops: [],
  starts: [],
  accepting: [],
  emptyWays: 1,
  canBeAssertions: false,
  groups: 0,
  entrySteps: 0,
  exitSteps: [],
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
    const shiftPairs = (pairs: RegexAutomaton["edges"]) => pairs.map(([a, b]) => [shift(a), shift(b)] as const);
    placedParts.push({
      ...part,
      edges: shiftPairs(part.edges),
      loops: shiftPairs(part.loops),
      starts: part.starts.map(shift),
      accepting: part.accepting.map(shift),
    });
  }
  return placedParts;
}

/** Automata with all of their positions, to which edges can be added. */
interface Draft extends Pick<RegexAutomaton, "positions" | "loops" | "groups"> {
  readonly edges: (readonly [from: number, to: number])[];
  readonly exitSteps: number[];
}

export function join(placedParts: readonly RegexAutomaton[]): Draft {
  return {
    positions: placedParts.flatMap((part) => part.positions),
    edges: placedParts.flatMap((part) => part.edges),
    loops: placedParts.flatMap((part) => part.loops),
    groups: placedParts.reduce((sum, part) => sum + part.groups, 0),
    exitSteps: placedParts.flatMap((part) => part.exitSteps),
  };
}

/** Returns the automaton of a sequence. */
export function chain(parts: readonly (RegexAutomaton | undefined)[]): RegexAutomaton | undefined {
  const placedParts = place(parts);
  if (!placedParts) return undefined;
  const draft = join(placedParts);
  let [starts, accepting, emptyWays, entrySteps]: [number[], number[], number, number] = [[], [], 1, 0];
  for (const part of placedParts) {
    if (!connect(draft, accepting, part)) return undefined;
    if (emptyWays > 0) starts = [...starts, ...multiply(part.starts, emptyWays)];
    accepting = [...multiply(accepting, part.emptyWays), ...part.accepting];
    entrySteps += emptyWays * part.entrySteps;
    emptyWays *= part.emptyWays;
    if (starts.length > MAX_EDGES || accepting.length > MAX_EDGES) return undefined;
  }
  const canBeEmpty = placedParts.every((part) => part.emptyWays > 0 || part.canBeAssertions);
  const canBeAssertions = canBeEmpty && placedParts.some((part) => part.canBeAssertions);
  return { ...draft, starts, accepting, emptyWays, canBeAssertions, entrySteps };
}

/** Adds the edges from positions to the starts of a part. Returns whether there are not too many. */
export function connect(
  { edges, exitSteps }: Pick<Draft, "edges" | "exitSteps">,
  from: readonly number[],
  { starts, entrySteps }: Pick<RegexAutomaton, "starts" | "entrySteps">,
): boolean {
  if (edges.length + from.length * starts.length > MAX_EDGES) return false;
  for (const position of from) {
    for (const start of starts) edges.push([position, start]);
    exitSteps[position] = (exitSteps[position] ?? 0) + entrySteps;
  }
  return true;
}

/** Repeats a list. A list beyond the limit is not written out: the caller only needs to see that it is too long. */
function multiply(positions: readonly number[], ways: number): readonly number[] {
  if (ways === 1) return positions;
  if (positions.length * ways > MAX_EDGES) return new Array(MAX_EDGES + 1);
  return Array.from({ length: ways }, () => positions).flat();
}
