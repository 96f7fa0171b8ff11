import { parsed, refused } from "../parsed.ts";
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

/** A text all of which `pattern` (anchored at both ends) accepts; `expected` says so in words. */
export function text(row: AnnotationRow, pattern: RegExp, expected: string): Annotation<string> {
  return {
    ...row,
    parse: (given) =>
      given.length <= MAX_LENGTH && pattern.test(given)
        ? parsed(given)
        : refused(`expected ${expected}, got "${given}"`),
  };
}
