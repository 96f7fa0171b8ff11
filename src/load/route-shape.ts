// Checks of stored routes without a schema of zod. A route with an unknown field is refused, as by a strict schema.

/** Whether a value has a known type, the text that belongs to it, and nothing else. */
export function isPathMatch(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { type, path, pattern, maxBytes } = value;
  if (countFields(value) !== 2 + countPresent(maxBytes)) return false;
  return type === "regex" || type === "full-regex"
    ? typeof pattern === "string" && isIntegerOrMissing(maxBytes)
    : (type === "prefix" || type === "exact") && typeof path === "string" && maxBytes === undefined;
}

/** Whether a value has known conditions and nothing else. */
export function isConditions(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { scheme, method, headers, query } = value;
  const fieldCount = countPresent(scheme) + countPresent(method) + countPresent(headers) + countPresent(query);
  return (
    countFields(value) === fieldCount &&
    (scheme === undefined || scheme === "http" || scheme === "https") &&
    isTextOrMissing(method) &&
    isConditionList(headers) &&
    isConditionList(query)
  );
}

function isConditionList(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every(isValueCondition));
}

function isValueCondition(condition: unknown): boolean {
  if (!isObject(condition)) return false;
  const { name, value, pattern, maxBytes } = condition;
  if (typeof name !== "string" || countFields(condition) !== 2 + countPresent(maxBytes)) return false;
  return typeof pattern === "string"
    ? isIntegerOrMissing(maxBytes)
    : typeof value === "string" && maxBytes === undefined;
}

/** Returns the number of fields of parsed JSON. An array of their names would take twice the time of a cold isolate. */
export function countFields(value: Readonly<Record<string, unknown>>): number {
  let count = 0;
  for (const _ in value) count += 1;
  return count;
}

export function countPresent(value: unknown): 0 | 1 {
  return value === undefined ? 0 : 1;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isTextOrMissing(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

function isIntegerOrMissing(value: unknown): boolean {
  return value === undefined || Number.isSafeInteger(value);
}
