import { type Parsed, parsed, refused } from "../../src/rules/parsed.ts";
import { bytesOf } from "../../src/rules/paths.ts";
import type { Options } from "./options.ts";

/** Longest expression taken, in characters. */
const MAX_PATTERN = 1000;

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: "A-Za-z0-9",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7f",
  blank: " \\t",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "\\x21-\\x7e",
  lower: "a-z",
  print: "\\x20-\\x7e",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\s",
  upper: "A-Z",
  word: "\\w",
  xdigit: "0-9A-Fa-f",
};

// What PCRE has and JavaScript lacks, or spells the same and means otherwise.
const UNSUPPORTED: readonly (readonly [RegExp, string])[] = [
  [/(?:[*+?]|\{\d+(?:,\d*)?\})\+/, "a possessive quantifier"],
  [/\(\?>/, "an atomic group"],
  [/\(\?[a-zA-Z-]+[:)]/, "inline flags"],
  [/\(\?(?:R|\d|[+-]\d|&|P>|P=|\(|\||#|C)/, "recursion, a condition, a branch reset or a comment"],
  [/\(\*/, "a verb"],
  [/\\[KGRXCQENpPgkHVouxlLUae]/, "an escape that JavaScript does not know"],
  [/\[\[[.=]/, "a collating class"],
  [new RegExp(`\\[:(?!(?:${Object.keys(POSIX_CLASSES).join("|")}):\\])\\^?\\w+:\\]`), "a negated or unknown class"],
];

/**
 * A path as ingress-nginx hands it to nginx, `location ~* "^<path>"`, as a JavaScript expression over byte strings that
 * means the same. Refused: what JavaScript cannot say, and what could take very long to match.
 */
export function expressionOf(path: string, inspect: Options["inspect"]): Parsed<string> {
  if (path.length > MAX_PATTERN) return refused(`expected at most ${MAX_PATTERN} characters, got ${path.length}`);
  return checked(withoutFlag(path), "^", inspect);
}

/** A path without `(?i)` at its beginning, since the edge ignores case anyway. */
export function withoutFlag(path: string): string {
  return path.replace(/^\/?\(\?i\)/, (flag) => flag.replace("(?i)", ""));
}

/** An expression that is looked for anywhere in a text, as a byte string, under the same conditions. */
export function searchExpression(expression: string, inspect: Options["inspect"]): Parsed<string> {
  const { length } = expression;
  return length <= MAX_PATTERN
    ? checked(expression, "", inspect)
    : refused(`expected at most ${MAX_PATTERN} characters`);
}

function checked(own: string, start: "^" | "", inspect: Options["inspect"]): Parsed<string> {
  const unescaped = own.replace(/\\\\/g, ""); // so that an escaped backslash escapes nothing
  for (const [construct, name] of UNSUPPORTED) {
    if (construct.test(unescaped)) return refused(`${name} cannot be had at the edge`);
  }
  const pattern = start + bytesOf(translate(own));
  try {
    new RegExp(pattern, "i");
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
  const inspected = inspect(pattern);
  return inspected.ok ? parsed(pattern) : inspected;
}

/** A path that is no expression, as one that accepts just it and what lies below it. */
export function literalExpression(path: string): string {
  const bare = path.endsWith("/") ? path.slice(0, -1) : path;
  return `^${escapeText(bytesOf(bare))}(?:/|$)`;
}

/** A path that is no expression, as one that accepts all that starts with it. */
export function openExpression(path: string): string {
  return `^${escapeText(bytesOf(path))}`;
}

/** A text as an expression that means just it. */
export function escapeText(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function translate(pattern: string): string {
  return pattern
    .replace(/\[:([a-z]+):\]/g, (whole, name: string) => POSIX_CLASSES[name] ?? whole)
    .replace(/\(\?P</g, "(?<")
    .replace(/\\A/g, "^")
    .replace(/\\[zZ]/g, "$")
    .replace(/\\h/g, "[ \\t]");
}
