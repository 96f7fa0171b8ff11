import { errorMessage } from "../../../src/rules/error-message.ts";
import { MAX_REGEX_SUBJECT_BYTES, toByteString } from "../../../src/rules/paths.ts";
import { failure, type Result, success } from "../../../src/rules/result.ts";

/** Returns the length of text that a pattern matches fast enough, in bytes. */
export type CheckPattern = (pattern: string) => Result<number>;

/** A regex that was checked. */
export interface CheckedRegex {
  readonly pattern: string;
  /** Length of text that it matches fast enough. */
  readonly maxBytes: number;
}

/** Maximum length of a regex, in characters. */
const MAX_PATTERN_CHARACTERS = 1000;

/** Maximum length of a text in which a regex is searched: a header, or the subject of a certificate. */
const MAX_SEARCHED_BYTES = 1024;

/** A search begins at each character anyway, and a wildcard before it would only make it quadratic. */
const LEADING_WILDCARD = /^(?:\.\*)+(?![*+?{])/;

const TOO_MANY_STEPS = `to match it can take too many steps for a text of ${MAX_SEARCHED_BYTES} bytes`;

const CASE_FLAG = "(?i)";

const POSIX_CLASSES = new Map(
  Object.entries({
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
  }),
);

// Constructs of PCRE that JavaScript lacks or reads differently.
const unsupportedConstructs: readonly (readonly [RegExp, string])[] = [
  [/(?:[*+?]|\{\d+(?:,\d*)?\})\+/, "a possessive quantifier"],
  [/\(\?>/, "an atomic group"],
  [/\(\?[a-zA-Z-]+[:)]/, "inline flags"],
  [/\(\?(?:R|\d|[+-]\d|&|P>|P=|\(|\||#|C)/, "recursion, a condition, a branch reset or a comment"],
  [/\(\*/, "a verb"],
  [/\\[KGRXCQENpPgkHVouxlLUae]/, "an escape that JavaScript does not know"],
  [/\[\[[.=]/, "a collating class"],
  [new RegExp(`\\[:(?!(?:${[...POSIX_CLASSES.keys()].join("|")}):\\])\\^?\\w+:\\]`), "a negated or unknown class"],
];

/**
 * Converts a path, as nginx reads it in `location ~* "^<path>"`, into an equivalent JavaScript regex over byte strings.
 * Refuses a construct that JavaScript lacks, and a regex that may take too long to match.
 */
export function buildPathRegex(path: string, checkRegex: CheckPattern): Result<CheckedRegex> {
  if (path.length > MAX_PATTERN_CHARACTERS)
    return failure(`expected at most ${MAX_PATTERN_CHARACTERS} characters, got ${path.length}`);
  return translateAndCheck(stripCaseFlag(path), "^", checkRegex);
}

/** Removes `(?i)` from the start of a path, because the edge ignores case anyway. */
export function stripCaseFlag(path: string): string {
  return path.replace(/^\/?\(\?i\)/, (flag) => flag.replace("(?i)", ""));
}

/**
 * Converts a regex that must match a whole byte string, with case unless it begins with `(?i)`. It has the same
 * restrictions.
 */
export function buildFullRegex(text: string, checkRegex: CheckPattern): Result<CheckedRegex> {
  if (text.length > MAX_PATTERN_CHARACTERS)
    return failure(`expected at most ${MAX_PATTERN_CHARACTERS} characters, got ${text.length}`);
  const ignoresCase = text.startsWith(CASE_FLAG);
  const body = ignoresCase ? text.slice(CASE_FLAG.length) : text;
  const own = translateAndCheck(body, "", () => success(MAX_REGEX_SUBJECT_BYTES)); // alone, because a parenthesis could close the group
  if (!own.ok) return own;
  const regex = translateAndCheck(`(?:${body})$`, "^", checkRegex);
  if (!regex.ok || !ignoresCase) return regex;
  return success({ ...regex.value, pattern: regex.value.pattern.replace("^(?:", "^(?i:") });
}

/** Converts a regex that may match anywhere in a byte string of up to 1,024 bytes, with the same restrictions. */
export function buildSearchRegex(pattern: string, checkRegex: CheckPattern): Result<string> {
  const { length } = pattern;
  if (length > MAX_PATTERN_CHARACTERS) return failure(`expected at most ${MAX_PATTERN_CHARACTERS} characters`);
  const regex = translateAndCheck(pattern.replace(LEADING_WILDCARD, ""), "", checkRegex);
  if (!regex.ok) return regex;
  return regex.value.maxBytes < MAX_SEARCHED_BYTES ? failure(TOO_MANY_STEPS) : success(regex.value.pattern);
}

function translateAndCheck(pcrePattern: string, anchor: "^" | "", checkRegex: CheckPattern): Result<CheckedRegex> {
  const unescaped = pcrePattern.replace(/\\\\/g, ""); // removes escaped backslashes, which escape nothing
  for (const [construct, name] of unsupportedConstructs) {
    if (construct.test(unescaped)) return failure(`not supported at the edge: ${name}`);
  }
  const pattern = anchor + toByteString(translatePcre(pcrePattern));
  try {
    new RegExp(pattern, "i");
  } catch (error) {
    return failure(errorMessage(error));
  }
  const maxBytes = checkRegex(pattern);
  return maxBytes.ok ? success({ pattern, maxBytes: maxBytes.value }) : maxBytes;
}

/** Returns a regex that matches a plain path and the paths below it. */
export function buildPrefixRegex(path: string): string {
  const prefix = path.endsWith("/") ? path.slice(0, -1) : path;
  return `^${escapeRegex(toByteString(prefix))}(?:/|$)`;
}

/** Returns a regex that matches every path with this prefix. */
export function buildOpenPrefixRegex(path: string): string {
  return `^${escapeRegex(toByteString(path))}`;
}

/** Returns a text as a regex that matches it literally. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function translatePcre(pattern: string): string {
  return pattern
    .replace(/\[:([a-z]+):\]/g, (match, name: string) => POSIX_CLASSES.get(name) ?? match)
    .replace(/\(\?P</g, "(?<")
    .replace(/\\A/g, "^")
    .replace(/\\[zZ]/g, "$")
    .replace(/\\h/g, "[ \\t]");
}
