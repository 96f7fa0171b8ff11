import { errorMessage } from "../../../src/rules/error-message.ts";
import { toByteString } from "../../../src/rules/paths.ts";
import { failure, type Result, success } from "../../../src/rules/result.ts";
import type { Options } from "../options.ts";

/** Longest expression taken, in characters. */
const MAX_PATTERN_CHARACTERS = 1000;

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
const unsupportedConstructs: readonly (readonly [RegExp, string])[] = [
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
export function buildPathRegex(path: string, inspect: Options["inspect"]): Result<string> {
  if (path.length > MAX_PATTERN_CHARACTERS)
    return failure(`expected at most ${MAX_PATTERN_CHARACTERS} characters, got ${path.length}`);
  return translateAndCheck(stripCaseFlag(path), "^", inspect);
}

/** A path without `(?i)` at its beginning, since the edge ignores case anyway. */
export function stripCaseFlag(path: string): string {
  return path.replace(/^\/?\(\?i\)/, (flag) => flag.replace("(?i)", ""));
}

/** An expression that is looked for anywhere in a text, as a byte string, under the same conditions. */
export function buildSearchRegex(pattern: string, inspect: Options["inspect"]): Result<string> {
  const { length } = pattern;
  return length <= MAX_PATTERN_CHARACTERS
    ? translateAndCheck(pattern, "", inspect)
    : failure(`expected at most ${MAX_PATTERN_CHARACTERS} characters`);
}

function translateAndCheck(pcrePattern: string, anchor: "^" | "", inspect: Options["inspect"]): Result<string> {
  const unescaped = pcrePattern.replace(/\\\\/g, ""); // so that an escaped backslash escapes nothing
  for (const [construct, name] of unsupportedConstructs) {
    if (construct.test(unescaped)) return failure(`${name} cannot be had at the edge`);
  }
  const pattern = anchor + toByteString(translatePcre(pcrePattern));
  try {
    new RegExp(pattern, "i");
  } catch (error) {
    return failure(errorMessage(error));
  }
  const inspection = inspect(pattern);
  return inspection.ok ? success(pattern) : inspection;
}

/** A path that is no expression, as one that accepts just it and what lies below it. */
export function buildPrefixRegex(path: string): string {
  const prefix = path.endsWith("/") ? path.slice(0, -1) : path;
  return `^${escapeRegex(toByteString(prefix))}(?:/|$)`;
}

/** A path that is no expression, as one that accepts all that starts with it. */
export function buildOpenPrefixRegex(path: string): string {
  return `^${escapeRegex(toByteString(path))}`;
}

/** A text as an expression that means just it. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function translatePcre(pattern: string): string {
  return pattern
    .replace(/\[:([a-z]+):\]/g, (match, name: string) => POSIX_CLASSES[name] ?? match)
    .replace(/\(\?P</g, "(?<")
    .replace(/\\A/g, "^")
    .replace(/\\[zZ]/g, "$")
    .replace(/\\h/g, "[ \\t]");
}
