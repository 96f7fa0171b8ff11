import { ANY_SYMBOL } from "./alphabet.ts";
import {
  chain,
  choose,
  connect,
  EMPTY_AUTOMATON,
  join,
  MAX_POSITIONS,
  place,
  type RegexAutomaton,
  type RegexPosition,
} from "./regex-automaton.ts";
import type { RegexNode } from "./regex-syntax.ts";

/** More ways to match an empty text in each iteration are not analyzed. */
const MAX_EMPTY_WAYS = 4;

/** Returns undefined if the automaton is too large, or if assertions alone are repeated without a limit. */
export function buildAutomaton(node: RegexNode): RegexAutomaton | undefined {
  switch (node.type) {
    case "character":
      return createPosition({ source: node.source }, false);
    case "assertion":
      return createPosition({ source: ANY_SYMBOL, assertion: node.part }, true);
    case "group":
      return addGroup(buildAutomaton(node.part));
    case "sequence":
      return chain(node.parts.map(buildAutomaton));
    case "choice":
      return choose(node.parts.map(buildAutomaton));
    case "repeat":
      return repeat(buildAutomaton(node.part), node.min, node.max);
  }
}

function createPosition(position: RegexPosition, canBeAssertions: boolean): RegexAutomaton {
  return {
    ...EMPTY_AUTOMATON,
    positions: [position],
    starts: [{ to: 0, groups: 0 }],
    accepting: [0],
    emptyWays: 0,
    canBeAssertions,
  };
}

function addGroup(part: RegexAutomaton | undefined): RegexAutomaton | undefined {
  return part && { ...part, starts: part.starts.map(({ to, groups }) => ({ to, groups: groups + 1 })) };
}

/**
 * Writes a repetition out. The first `min` iterations can match an empty text, but not a further one (ECMAScript's
 * RepeatMatcher). If none can, the last one of the first `min` iterations is the loop, which saves positions.
 */
function repeat(part: RegexAutomaton | undefined, min: number, max: number): RegexAutomaton | undefined {
  if (!part || max < min || part.emptyWays > MAX_EMPTY_WAYS) return undefined;
  const isLoop = max === Number.POSITIVE_INFINITY;
  if ((isLoop ? min : max) * Math.max(1, part.positions.length) > MAX_POSITIONS) return undefined;
  const canBeEmpty = part.emptyWays > 0 || min === 0;
  const firstIterations = Array.from({ length: isLoop && !canBeEmpty ? min - 1 : min }, () => part);
  const furtherIterations = isLoop ? loop(part, canBeEmpty) : repeatOptionally(part, max - min);
  return chain([...firstIterations, furtherIterations]);
}

function loop(part: RegexAutomaton, isOptional: boolean): RegexAutomaton | undefined {
  const edges = [...part.edges];
  if (part.canBeAssertions || !connect(edges, part.accepting, part.starts)) return undefined;
  return {
    ...part,
    edges,
    loops: part.positions.length > 0 ? [[0, part.positions.length - 1]] : [],
    emptyWays: isOptional ? 1 : 0,
  };
}

/** Iterations that each can be the last one. */
function repeatOptionally(part: RegexAutomaton, count: number): RegexAutomaton | undefined {
  if (count === 0) return EMPTY_AUTOMATON;
  const placedParts = place(Array.from({ length: count }, () => part));
  if (!placedParts) return undefined;
  const joined = join(placedParts);
  for (const [index, { starts }] of placedParts.entries())
    if (index > 0 && !connect(joined.edges, placedParts[index - 1]?.accepting ?? [], starts)) return undefined;
  return {
    ...joined,
    starts: placedParts[0]?.starts ?? [],
    accepting: placedParts.flatMap((part) => part.accepting),
    emptyWays: 1,
    canBeAssertions: part.canBeAssertions,
  };
}
