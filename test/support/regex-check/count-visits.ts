import { type AST, RegExpParser } from "@eslint-community/regexpp";

/** Thrown when a search takes too many visits. */
export class TooManyVisits extends Error {}

type Continuation = (position: number) => boolean;

/**
 * Matches a text as ECMAScript's specification does ("Pattern Semantics"), by backtracking. Returns whether it matches, and
 * how often a character, the end of the text or an assertion was found where it was tried.
 */
export function countVisits(pattern: string, text: string, maxVisits: number): { matches: boolean; visits: number } {
  const { alternatives } = new RegExpParser().parsePattern(pattern);
  let visits = 0;
  const visit = () => {
    visits++;
    if (visits > maxVisits) throw new TooManyVisits();
    return true;
  };

  const matchAlternatives = (parts: AST.Alternative[], at: number, isBackward: boolean, next: Continuation): boolean =>
    parts.some(({ elements }) => matchSequence(isBackward ? elements.toReversed() : elements, at, isBackward, next));

  const matchSequence = (parts: AST.Element[], at: number, isBackward: boolean, next: Continuation): boolean => {
    const [first, ...rest] = parts;
    return first
      ? matchElement(first, at, isBackward, (after) => matchSequence(rest, after, isBackward, next))
      : next(at);
  };

  const matchElement = (element: AST.Element, at: number, isBackward: boolean, next: Continuation): boolean => {
    switch (element.type) {
      case "Group":
      case "CapturingGroup":
        return matchAlternatives(element.alternatives, at, isBackward, next);
      case "Quantifier":
        return repeat(element, element.min, element.max, at, isBackward, next);
      case "Assertion":
        return holds(element, at) && visit() && next(at);
      default: {
        const character = text[isBackward ? at - 1 : at];
        const isMatch = character !== undefined && new RegExp(`^(?:${element.raw})$`, "i").test(character);
        return isMatch && visit() && next(isBackward ? at - 1 : at + 1);
      }
    }
  };

  const repeat = (
    quantifier: AST.Quantifier,
    min: number,
    max: number,
    at: number,
    isBackward: boolean,
    next: Continuation,
  ): boolean => {
    if (max === 0) return next(at);
    const iterate = () =>
      matchElement(quantifier.element, at, isBackward, (after) => {
        if (min === 0 && after === at) return false; // an empty round ends the search here
        return repeat(quantifier, Math.max(0, min - 1), max - 1, after, isBackward, next);
      });
    if (min > 0) return iterate();
    return quantifier.greedy ? iterate() || next(at) : next(at) || iterate();
  };

  const holds = (assertion: AST.Assertion, at: number): boolean => {
    switch (assertion.kind) {
      case "start":
        return at === 0;
      case "end":
        return at === text.length;
      case "word":
        return (isWord(text[at - 1]) !== isWord(text[at])) !== assertion.negate;
      default: {
        const isBackward = assertion.kind === "lookbehind";
        return matchAlternatives(assertion.alternatives, at, isBackward, () => true) !== assertion.negate;
      }
    }
  };

  const isAnchored = alternatives.every(
    ({ elements: [first] }) => first?.type === "Assertion" && first.kind === "start",
  );
  let matches = false;
  for (let start = 0; start <= (isAnchored ? 0 : text.length) && !matches; start++)
    matches = matchAlternatives(alternatives, start, false, () => true);
  return { matches, visits };
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /^\w$/.test(character);
}
