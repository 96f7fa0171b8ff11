import type { UnsupportedField } from "./http-route-model.ts";

export function unsupportedValue(field: string, problem: string): UnsupportedField {
  return { field, problem };
}

/** Reports a value that is not in the list. An absent value is not reported. */
export function checkOneOf(value: string | undefined, values: readonly string[], field: string): UnsupportedField[] {
  if (value === undefined || values.includes(value)) return [];
  return [unsupportedValue(field, `expected ${values.join(", ")}, got "${value}"`)];
}

/** Reports a value that the pattern does not match. `expected` describes the pattern. */
export function checkPattern(value: string, pattern: RegExp, expected: string, field: string): UnsupportedField[] {
  return pattern.test(value) ? [] : [unsupportedValue(field, `expected ${expected}, got "${value}"`)];
}
