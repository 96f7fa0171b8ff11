import { type Parsed, parsed, refused } from "../parsed.ts";
import { parseTemplate } from "../variables.ts";
import type { Annotation, AnnotationRow } from "./define.ts";

const MAX_LENGTH = 2048;
// As Go's strconv.ParseBool reads it, since ingress-nginx does.
const TRUE = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE = ["0", "f", "F", "FALSE", "false", "False"];

/** `"true"` or `"false"`, in the spellings that Go's strconv.ParseBool takes. */
export function flag(row: AnnotationRow): Annotation<boolean> {
  return {
    ...row,
    parse: (text) => {
      if (TRUE.includes(text)) return parsed(true);
      return FALSE.includes(text) ? parsed(false) : refused(`expected "true" or "false", got "${text}"`);
    },
  };
}

/** A whole number from `least` to `most`, as Go's strconv.Atoi reads it: no spaces, no suffix. */
export function integer(row: AnnotationRow, least: number, most: number = Number.MAX_SAFE_INTEGER): Annotation<number> {
  return {
    ...row,
    parse: (text) => {
      const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
      if (number >= least && number <= most) return parsed(number);
      const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
      return refused(`expected a whole number, ${range}, got "${text}"`);
    },
  };
}

/** A text all of which `pattern` (anchored at both ends) accepts; `expected` says so in words. */
export function text(row: AnnotationRow, pattern: RegExp, expected: string): Annotation<string> {
  return { ...row, parse: (given) => readText(given, pattern, expected) };
}

/** One of a few words, in any case; the word is given back as it stands in `words`. */
export function word<const W extends string>(row: AnnotationRow, words: readonly W[]): Annotation<W> {
  return {
    ...row,
    parse: (given) => {
      const found = words.find((candidate) => candidate.toLowerCase() === given.toLowerCase());
      return found === undefined ? refused(`expected one of ${words.join(", ")}, got "${given}"`) : parsed(found);
    },
  };
}

/** A comma separated list; items are trimmed, empty ones left out, and each is read with `item`. One bad item refuses all. */
export function list<T>(row: AnnotationRow, item: (given: string) => Parsed<T>): Annotation<readonly T[]> {
  return {
    ...row,
    parse: (given) => {
      const items = given.split(",").map((part) => part.trim());
      const read = items.filter((part) => part !== "").map(item);
      const bad = read.find((entry) => !entry.ok);
      return bad ?? parsed(read.flatMap((entry) => (entry.ok ? [entry.value] : [])));
    },
  };
}

/** A text that may hold nginx's variables; those that the edge does not know are refused. */
export function template(row: AnnotationRow, pattern: RegExp, expected: string): Annotation<string> {
  return {
    ...row,
    parse: (given) => {
      const read = readText(given, pattern, expected);
      return read.ok ? parseTemplate(given) : read;
    },
  };
}

function readText(given: string, pattern: RegExp, expected: string): Parsed<string> {
  const fits = given.length <= MAX_LENGTH && !/[\x00-\x1f\x7f]/.test(given) && pattern.test(given);
  return fits ? parsed(given) : refused(`expected ${expected}, got "${given}"`);
}

/** As `annotation`, but an empty value counts as none. So it does in ingress-nginx, and charts write such. */
export function orEmpty<T>(annotation: Annotation<T>): Annotation<T | undefined> {
  return { ...annotation, parse: (given) => (given === "" ? parsed(undefined) : annotation.parse(given)) };
}
