import { parseTemplate } from "../nginx-variables.ts";
import { failure, type Result, success } from "../result.ts";
import type { Annotation, AnnotationRow } from "./policy.ts";

const MAX_TEXT_LENGTH = 2048;
// The spellings of Go's strconv.ParseBool, which ingress-nginx uses.
const TRUE_VALUES = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE_VALUES = ["0", "f", "F", "FALSE", "false", "False"];

/** `"true"` or `"false"`, in the spellings of Go's strconv.ParseBool. */
export function flag(row: AnnotationRow): Annotation<boolean> {
  return {
    ...row,
    parse: (text) => {
      if (TRUE_VALUES.includes(text)) return success(true);
      return FALSE_VALUES.includes(text) ? success(false) : failure(`expected "true" or "false", got "${text}"`);
    },
  };
}

/** A whole number from `min` to `max`, as Go's strconv.Atoi reads it: no spaces, no suffix. */
export function integer(row: AnnotationRow, min: number, max: number = Number.MAX_SAFE_INTEGER): Annotation<number> {
  return {
    ...row,
    parse: (text) => {
      const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
      if (number >= min && number <= max) return success(number);
      const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
      return failure(`expected a whole number, ${range}, got "${text}"`);
    },
  };
}

/** A text that matches `pattern`, which is anchored at both ends. `expected` describes it in words. */
export function text(row: AnnotationRow, pattern: RegExp, expected: string): Annotation<string> {
  return { ...row, parse: (input) => parseText(input, pattern, expected) };
}

/** One of some words, in any case. The result has the case of `words`. */
export function word<const W extends string>(row: AnnotationRow, words: readonly W[]): Annotation<W> {
  return {
    ...row,
    parse: (input) => {
      const match = words.find((candidate) => candidate.toLowerCase() === input.toLowerCase());
      return match === undefined ? failure(`expected one of ${words.join(", ")}, got "${input}"`) : success(match);
    },
  };
}

/** A comma-separated list. Items are trimmed, empty ones dropped. One invalid item makes the list invalid. */
export function list<T>(row: AnnotationRow, item: (input: string) => Result<T>): Annotation<readonly T[]> {
  return {
    ...row,
    parse: (input) => {
      const items = input.split(",").map((part) => part.trim());
      const results = items.filter((part) => part !== "").map(item);
      const invalidResult = results.find((entry) => !entry.ok);
      return invalidResult ?? success(results.flatMap((entry) => (entry.ok ? [entry.value] : [])));
    },
  };
}

/** A text with nginx variables. Variables that the edge does not support are invalid. */
export function template(row: AnnotationRow, pattern: RegExp, expected: string): Annotation<string> {
  return {
    ...row,
    parse: (input) => {
      const result = parseText(input, pattern, expected);
      return result.ok ? parseTemplate(input) : result;
    },
  };
}

function parseText(input: string, pattern: RegExp, expected: string): Result<string> {
  const isValid = input.length <= MAX_TEXT_LENGTH && !/[\x00-\x1f\x7f]/.test(input) && pattern.test(input);
  return isValid ? success(input) : failure(`expected ${expected}, got "${input}"`);
}

/** As `annotation`, but an empty value is treated as absent, as in ingress-nginx. Charts write empty values. */
export function optional<T>(annotation: Annotation<T>): Annotation<T | undefined> {
  return { ...annotation, parse: (input) => (input === "" ? success(undefined) : annotation.parse(input)) };
}
