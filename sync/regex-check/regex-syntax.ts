import { type AST, RegExpParser } from "@eslint-community/regexpp";

/** The parts of a regex that determine the time to match it. */
export type RegexNode =
  /** A character, a class, or `$`, which matches the end of the text. */
  | { readonly type: "character"; readonly source: string }
  /** A lookaround, in the direction in which it is matched; or \b, \B or ^ with an empty part. */
  | { readonly type: "assertion"; readonly part: RegexNode; readonly isBackward: boolean }
  /** A group that remembers its text. */
  | { readonly type: "group"; readonly part: RegexNode }
  | { readonly type: "sequence" | "choice"; readonly parts: readonly RegexNode[] }
  | { readonly type: "repeat"; readonly part: RegexNode; readonly min: number; readonly max: number };

export interface ParsedRegex {
  readonly node: RegexNode;
  /** Whether a match can begin only at the start of the text. */
  readonly isAnchored: boolean;
}

const PARSER = new RegExpParser();
const EMPTY_ASSERTION: RegexNode = {
  type: "assertion",
  part: { type: "sequence", parts: [] },
  isBackward: false,
};

/** Parses a regex. Returns undefined if it has references to groups, or is invalid. */
export function parseRegex(pattern: string): ParsedRegex | undefined {
  const alternatives = parseAlternatives(pattern);
  if (!alternatives) return undefined;
  const isAnchored = alternatives.every(([first]) => first?.type === "Assertion" && first.kind === "start");
  const parts = alternatives.map((elements) => toSequence(isAnchored ? elements.slice(1) : elements, false));
  const node = toParsedNode("choice", parts);
  return node && { node, isAnchored };
}

function parseAlternatives(pattern: string): readonly AST.Element[][] | undefined {
  try {
    return PARSER.parsePattern(pattern).alternatives.map(({ elements }) => elements);
  } catch {
    return undefined;
  }
}

/** @param isBackward Whether it is matched from its end to its start, as a lookbehind is. */
function toNode(element: AST.Element, isBackward: boolean): RegexNode | undefined {
  switch (element.type) {
    case "Character":
    case "CharacterClass":
    case "CharacterSet":
      return { type: "character", source: element.raw };
    case "Group":
      return element.modifiers ? undefined : toChoice(element.alternatives, isBackward);
    case "CapturingGroup": {
      const part = toChoice(element.alternatives, isBackward);
      return part && { type: "group", part };
    }
    case "Quantifier": {
      const part = toNode(element.element, isBackward);
      return part && { type: "repeat", part, min: element.min, max: element.max };
    }
    case "Assertion":
      return toAssertion(element, isBackward);
    default:
      return undefined;
  }
}

function toAssertion(assertion: AST.Assertion, isBackward: boolean): RegexNode | undefined {
  switch (assertion.kind) {
    case "lookahead":
    case "lookbehind": {
      const part = toChoice(assertion.alternatives, assertion.kind === "lookbehind");
      return part && { type: "assertion", part, isBackward: assertion.kind === "lookbehind" };
    }
    case "end": // before it, any character can be; after it, none
      return isBackward ? EMPTY_ASSERTION : { type: "character", source: "$" };
    default:
      return EMPTY_ASSERTION;
  }
}

function toChoice(alternatives: readonly AST.Alternative[], isBackward: boolean): RegexNode | undefined {
  return toParsedNode(
    "choice",
    alternatives.map(({ elements }) => toSequence(elements, isBackward)),
  );
}

function toSequence(elements: readonly AST.Element[], isBackward: boolean): RegexNode | undefined {
  const parts = elements.map((element) => toNode(element, isBackward));
  return toParsedNode("sequence", isBackward ? parts.toReversed() : parts);
}

function toParsedNode(type: "sequence" | "choice", nodes: readonly (RegexNode | undefined)[]): RegexNode | undefined {
  const parts = nodes.filter((node) => node !== undefined);
  return parts.length === nodes.length ? { type, parts } : undefined;
}
