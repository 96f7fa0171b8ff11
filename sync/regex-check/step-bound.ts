import { createAlphabet } from "./alphabet.ts";
import { boundBySearch } from "./bound-by-search.ts";
import { boundByText } from "./bound-by-text.ts";
import { buildAutomaton } from "./build-automaton.ts";
import { createSearch } from "./loops.ts";
import { add, EACH_CHARACTER, evaluate, multiply, ONE, type Polynomial, ZERO } from "./polynomial.ts";
import type { RegexAutomaton } from "./regex-automaton.ts";
import { parseRegex, type RegexNode } from "./regex-syntax.ts";

/** Steps to try a position that does not match. A position that matches is one step. */
const TRY_STEPS: Polynomial = [0.15, 0, 0, 0];
/** Text length at which two bounds are compared. */
const COMPARED_LENGTH = 1024;
/** A bound up to this is low: a second one is not needed. */
const LOW_STEPS = 100 * COMPARED_LENGTH;

type Assertion = Extract<RegexNode, { type: "assertion" }>;

/** Why no bound exists: one text can take two ways through a loop; or the regex is too large or has rare constructs. */
export type Unbounded = "ambiguous" | "not-analyzed";

/**
 * Returns an upper bound of the steps to match a regex, from its structure alone: neither the speed of the machine nor
 * the length of its literal text decides. Steps take up to about the same time.
 */
export function boundSteps(pattern: string): Polynomial | Unbounded {
  try {
    const parsed = parseRegex(pattern);
    return parsed ? boundNode(parsed.node, parsed.isAnchored) : "not-analyzed";
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return "not-analyzed"; // nested too deeply
    throw error;
  }
}

function boundNode(node: RegexNode, isAnchored: boolean): Polynomial | Unbounded {
  const automaton = buildAutomaton(node);
  if (!automaton) return "not-analyzed";
  const tryCosts = boundTries(automaton);
  if (typeof tryCosts === "string") return tryCosts;
  const search = createSearch(automaton, createAlphabet(automaton.positions.map(({ source }) => source)));
  if (!search) return "ambiguous";
  const boundVisit = (targets: readonly number[], exitSteps: number) =>
    targets.map((target) => tryCosts[target] ?? ZERO).reduce(add, [1 + exitSteps, 0, 0, 0]);
  const costs = search.successors.map((targets, at) => boundVisit(targets, automaton.exitSteps[at] ?? 0));
  const start = multiply(isAnchored ? ONE : EACH_CHARACTER, boundVisit(automaton.starts, automaton.entrySteps));
  const bound = add(start, boundBySearch(search, costs, isAnchored));
  return evaluateBound(bound) <= LOW_STEPS ? bound : lower(bound, add(start, boundByText(search, costs, isAnchored)));
}

/** Returns the steps to try each position once. */
function boundTries({ positions }: RegexAutomaton): readonly Polynomial[] | Unbounded {
  const knownCosts = new Map<Assertion, Polynomial>(); // repetitions written out have the same assertion several times
  const costs: Polynomial[] = [];
  for (const { assertion } of positions) {
    const cost = assertion ? (knownCosts.get(assertion) ?? boundAssertion(assertion)) : TRY_STEPS;
    if (typeof cost === "string") return cost;
    if (assertion) knownCosts.set(assertion, cost);
    costs.push(cost);
  }
  return costs;
}

/** An assertion is matched like an anchored regex, and in one way only. */
function boundAssertion({ part, isBackward }: Assertion): Polynomial | Unbounded {
  const bound = boundNode(part, true);
  if (!isBackward || typeof bound === "string") return bound;
  // The text before each of many positions can be long, and the sum over rests of the text takes it for short.
  return [bound[0], bound[1] * 2, bound[2] * 3, bound[3]];
}

function lower(a: Polynomial, b: Polynomial): Polynomial {
  return evaluateBound(a) <= evaluateBound(b) ? a : b;
}

function evaluateBound(bound: Polynomial): number {
  return bound[3] > 0 ? Number.POSITIVE_INFINITY : evaluate(bound, COMPARED_LENGTH);
}
