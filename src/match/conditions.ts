import { MAX_REGEX_SUBJECT_BYTES, toByteString, warmUpRegex } from "../rules/paths.ts";
import type { RouteConditions, ValueCondition } from "../rules/snapshot.ts";
import {
  type ConditionSource,
  createRequestValues,
  type RequestValues,
  readHeader,
  readParameter,
} from "./request-values.ts";
import type { TooLongPart } from "./route-match.ts";

/** The conditions of a route, prepared for many requests. */
export interface CompiledConditions {
  readonly scheme: string | undefined;
  readonly method: string | undefined;
  readonly values: readonly ExactValue[];
  readonly patterns: readonly ValuePattern[];
}

type ValuePart = Exclude<TooLongPart, "path">;

interface ExactValue {
  readonly part: ValuePart;
  readonly name: string;
  readonly value: string;
}

interface ValuePattern {
  readonly part: ValuePart;
  readonly name: string;
  readonly regex: RegExp;
  readonly maxBytes: number;
}

/** Whether conditions hold. If a value is too long for a regex and all else holds, it is unknown: then its part. */
export type ConditionVerdict = boolean | ValuePart;

export function compileConditions({ scheme, method, headers = [], query = [] }: RouteConditions): CompiledConditions {
  const conditions = [
    ...headers.map((condition) => ({ part: "header", condition }) as const),
    ...query.map((condition) => ({ part: "query", condition }) as const),
  ];
  return {
    scheme,
    method,
    values: conditions.flatMap(({ part, condition }) => compileValue(part, condition)),
    patterns: conditions.flatMap(({ part, condition }) => compilePattern(part, condition)),
  };
}

function compileValue(part: ValuePart, condition: ValueCondition): ExactValue[] {
  if ("pattern" in condition) return [];
  return [{ part, name: toByteString(condition.name), value: toByteString(condition.value) }];
}

function compilePattern(part: ValuePart, condition: ValueCondition): ValuePattern[] {
  if (!("pattern" in condition)) return [];
  const { name, pattern, maxBytes = MAX_REGEX_SUBJECT_BYTES } = condition;
  return [{ part, name: toByteString(name), regex: new RegExp(pattern), maxBytes }];
}

/** Checks the conditions of a route. Cheap ones come first, and regexes only run if all others hold. */
export function checkConditions(conditions: CompiledConditions, values: RequestValues): ConditionVerdict {
  const { scheme, method } = conditions;
  const { source } = values;
  if (scheme !== undefined && scheme !== source.scheme) return false;
  if (method !== undefined && method !== source.request.method) return false;
  for (const { part, name, value } of conditions.values) if (readPart(values, part, name) !== value) return false;
  return conditions.patterns.length === 0 || checkPatterns(conditions.patterns, values);
}

/** A value that is too long matches nothing and excludes nothing, so the other regexes are checked too. */
function checkPatterns(patterns: readonly ValuePattern[], values: RequestValues): ConditionVerdict {
  let tooLongPart: ValuePart | undefined;
  for (const { part, name, regex, maxBytes } of patterns) {
    const value = readPart(values, part, name);
    if (value === undefined) return false;
    if (value.length > maxBytes) tooLongPart ??= part;
    else if (!warmUpRegex(regex, value).test(value)) return false;
  }
  return tooLongPart ?? true;
}

function readPart(values: RequestValues, part: ValuePart, name: string): string | undefined {
  return part === "header" ? readHeader(values, name) : readParameter(values, name);
}

/** Whether the conditions of one route alone hold, without other routes of its host. */
export function acceptsConditions(conditions: RouteConditions, source: ConditionSource): ConditionVerdict {
  return checkConditions(compileConditions(conditions), createRequestValues(source));
}
