import { hasTopLevelAlternation } from "../../src/rules/paths.ts";

/** Literal text after the anchor. The last character is not literal if a quantifier follows it. */
const LITERAL_PREFIX = /^\^(?:[\w/\-% ~!@,;:&=]|\\[./-])+(?![*+?{])/;
/** Assertions that look at the text before them, or at its start. */
const LOOKS_BACK = /\\[bB]|\(\?<[=!]|(?<!\[)\^/;

/**
 * Returns an anchored regex without the literal text that it begins with. The text is compared once, at one place, so
 * both regexes take the same time for the rest. A check takes time that grows with the square of the literal text.
 */
export function dropLiteralPrefix(pattern: string): string {
  const prefix = LITERAL_PREFIX.exec(pattern)?.[0];
  if (prefix === undefined) return pattern;
  const rest = pattern.slice(prefix.length);
  return LOOKS_BACK.test(rest) || hasTopLevelAlternation(rest) ? pattern : `^/${rest}`;
}
