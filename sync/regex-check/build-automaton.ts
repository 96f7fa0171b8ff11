import { ANY_SYMBOL } from "./alphabet.ts";
import {
  chain,
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

// Steps as measured with V8, in units of a position that matches.
const CHOICE_STEPS = 2; // to go back to the other alternatives after one that began to match, or was empty
const SIMPLE_ITERATION_STEPS = 0.25; // of a repeated character or class
const ITERATION_STEPS = 1;
const COUNTED_ITERATION_STEPS = 1; // further steps
const EMPTY_ITERATION_STEPS = 10; // if an iteration can be empty, each one is checked
const GROUP_STEPS = 1; // to remember where a group begins or ends, or to forget it

/** Returns undefined if the automaton is too large, or if assertions alone are repeated without a limit. */
export function buildAutomaton(node: RegexNode): RegexAutomaton | undefined {
  switch (node.type) {
    case "character":
      return createPosition({ source: node.source }, false);
    case "assertion":
      return createPosition({ source: ANY_SYMBOL, assertion: node }, true);
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
    starts: [0],
    accepting: [0],
    emptyWays: 0,
    canBeAssertions,
    exitSteps: [0],
  };
}

function addGroup(part: RegexAutomaton | undefined): RegexAutomaton | undefined {
  if (!part) return undefined;
  const exitSteps = [...part.exitSteps];
  for (const position of part.accepting) exitSteps[position] = (exitSteps[position] ?? 0) + GROUP_STEPS;
  const entrySteps = part.entrySteps + GROUP_STEPS * (1 + part.emptyWays);
  return { ...part, groups: part.groups + 1, entrySteps, exitSteps };
}

function choose(parts: readonly (RegexAutomaton | undefined)[]): RegexAutomaton | undefined {
  const placedParts = place(parts);
  if (!placedParts || placedParts.length === 1) return placedParts?.[0];
  const emptyWays = placedParts.reduce((sum, part) => sum + part.emptyWays, 0);
  const draft = join(placedParts);
  const starts = placedParts.flatMap((part) => part.starts);
  for (const position of placedParts.flatMap(findDecisions))
    draft.exitSteps[position] = (draft.exitSteps[position] ?? 0) + CHOICE_STEPS;
  return {
    ...draft,
    starts,
    accepting: placedParts.flatMap((part) => part.accepting),
    emptyWays,
    canBeAssertions: placedParts.some((part) => part.canBeAssertions),
    entrySteps: CHOICE_STEPS * emptyWays + placedParts.reduce((sum, part) => sum + part.entrySteps, 0),
  };
}

/** Returns the positions at which an alternative is taken. V8 compares several characters before it takes one. */
function findDecisions({ starts, accepting, edges }: RegexAutomaton): number[] {
  const decisions = [...new Set(starts)].flatMap((start) =>
    accepting.includes(start) ? [start] : edges.filter(([from]) => from === start).map(([, to]) => to),
  );
  return [...new Set(decisions)];
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
  const iteration = { ...part, entrySteps: part.entrySteps + countIterationSteps(part, min, max) };
  const firstIterations = Array.from({ length: isLoop && !canBeEmpty ? min - 1 : min }, () => iteration);
  const furtherIterations = isLoop ? loop(iteration, canBeEmpty) : repeatOptionally(iteration, max - min);
  return chain([...firstIterations, furtherIterations]);
}

/** Counts the steps to begin an iteration: it forgets the text of all groups. */
function countIterationSteps({ emptyWays, positions, groups }: RegexAutomaton, min: number, max: number): number {
  const steps = positions.length > 1 || groups > 0 ? ITERATION_STEPS : SIMPLE_ITERATION_STEPS;
  const countSteps = min > 1 || (max > 1 && max < Number.POSITIVE_INFINITY) ? COUNTED_ITERATION_STEPS : 0;
  return steps + countSteps + GROUP_STEPS * groups + (emptyWays > 0 ? EMPTY_ITERATION_STEPS : 0);
}

function loop(iteration: RegexAutomaton, isOptional: boolean): RegexAutomaton | undefined {
  const draft = join([iteration]);
  if (iteration.canBeAssertions || !connect(draft, iteration.accepting, iteration)) return undefined;
  return {
    ...iteration,
    ...draft,
    loops: iteration.positions.length > 0 ? [[0, iteration.positions.length - 1]] : [],
    emptyWays: isOptional ? 1 : 0,
  };
}

/** Iterations that each can be the last one. */
function repeatOptionally(iteration: RegexAutomaton, count: number): RegexAutomaton | undefined {
  if (count === 0) return EMPTY_AUTOMATON;
  const placedParts = place(Array.from({ length: count }, () => iteration));
  if (!placedParts) return undefined;
  const draft = join(placedParts);
  for (const [index, part] of placedParts.entries())
    if (index > 0 && !connect(draft, placedParts[index - 1]?.accepting ?? [], part)) return undefined;
  return {
    ...draft,
    starts: placedParts[0]?.starts ?? [],
    accepting: placedParts.flatMap((part) => part.accepting),
    emptyWays: 1,
    canBeAssertions: iteration.canBeAssertions,
    entrySteps: iteration.entrySteps,
  };
}
