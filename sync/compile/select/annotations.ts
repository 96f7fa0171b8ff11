import { compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import type { Annotation, Annotations } from "../../../src/rules/policies/policy.ts";
import { ANNOTATION_PREFIXES } from "../../collect/annotation-names.ts";
import { type Ingress, nameOf } from "../../collect/cluster-model.ts";
import type { Report, Subject } from "../diagnostics.ts";
import type { ParsedAnnotations } from "../model.ts";
import { findUnreadGuard } from "./unread-guards.ts";

const legacyPrefix = ANNOTATION_PREFIXES[2];
// Shared by all policies without annotations, because an Ingress sets few of them.
const NO_VALUES = Object.freeze({});
const NO_NAMES: ReadonlySet<string> = new Set();

/** Parses the annotations of all policies. Reports invalid values; an invalid guard closes every route. */
export function readAnnotations(
  ingress: Ingress,
  report: Report,
  enforcedNames: ReadonlySet<string> = NO_NAMES,
): ParsedAnnotations {
  const presentNames = listPresentNames(ingress);
  const parseValues = (annotations: Annotations) => {
    // Skips absent annotations first, because there are hundreds.
    const presentAnnotations = Object.entries(annotations).filter(([name, { aliases }]) =>
      [name, ...(aliases ?? [])].some((candidate) => presentNames.has(candidate)),
    );
    return presentAnnotations.map(([name, annotation]) => ({
      name,
      ...parseAnnotation(ingress, name, annotation, report),
    }));
  };
  const parsedPolicies = compiledPolicies.map(({ name, annotations }) => ({ name, parsed: parseValues(annotations) }));
  // The cast: built from the list of policies, so it has every name.
  const values = Object.fromEntries(
    parsedPolicies.map(({ name, parsed }) => [name, toValues(parsed)]),
  ) as ParsedAnnotations["values"];
  const unreadableGuard = parsedPolicies
    .flatMap(({ parsed }) => parsed)
    .find(({ guard }) => guard !== undefined)?.guard;
  const unreadGuardReason = findUnreadGuard(ingress, values, report);
  return {
    values,
    closingReason: unreadableGuard === undefined ? unreadGuardReason : `${unreadableGuard} is invalid`,
    isLegacy: (annotation) => findAnnotationKey(ingress, annotation) === legacyPrefix + annotation,
    findKey: (annotation) => findAnnotationKey(ingress, annotation),
    isEnforced: (annotation) => enforcedNames.has(annotation),
  };
}

interface ParsedAnnotation {
  readonly value?: unknown;
  readonly guard?: string; // the key of an unreadable guard
}

function toValues(
  parsed: readonly ({ readonly name: string } & ParsedAnnotation)[],
): Readonly<Record<string, unknown>> {
  if (parsed.length === 0) return NO_VALUES;
  return Object.fromEntries(parsed.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
}

function parseAnnotation(
  ingress: Ingress,
  name: string,
  annotation: Annotation<unknown>,
  report: Report,
): ParsedAnnotation {
  const key =
    findAnnotationKey(ingress, name) ??
    (annotation.aliases ?? []).map((alias) => findAnnotationKey(ingress, alias)).find(Boolean);
  const text = key && ingress.annotations[key];
  if (!key || text === undefined) return {};
  const subject = buildAnnotationSubject(ingress, key);
  reportConflictingAnnotations(ingress, name, key, report);
  const result = annotation.parse(text.trim());
  if (result.ok) return { value: result.value };
  const remedy = `use a value such as ${JSON.stringify(annotation.example)}`;
  if (annotation.guards) {
    report("RouteFailedClosed", subject, result.problem, `${remedy}; until then its paths return 503`);
    return { guard: key };
  }
  report("InvalidAnnotation", subject, result.problem, `${remedy}; until then it is ignored`);
  return {};
}

/** Returns the names of an Ingress's annotations, without prefix. */
function listPresentNames({ annotations }: Ingress): ReadonlySet<string> {
  const keys = Object.keys(annotations);
  return new Set(
    ANNOTATION_PREFIXES.flatMap((prefix) =>
      keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)),
    ),
  );
}

/** Returns the key of an annotation with the first prefix that is set. */
export function findAnnotationKey(ingress: Ingress, name: string): string | undefined {
  return ANNOTATION_PREFIXES.map((prefix) => prefix + name).find((key) => ingress.annotations[key] !== undefined);
}

function reportConflictingAnnotations(ingress: Ingress, name: string, key: string, report: Report): void {
  for (const otherKey of ANNOTATION_PREFIXES.map((prefix) => prefix + name)) {
    const otherText = ingress.annotations[otherKey];
    if (otherKey === key || otherText === undefined || otherText === ingress.annotations[key]) continue;
    report(
      "ConflictingAnnotations",
      buildAnnotationSubject(ingress, otherKey),
      `overridden by ${key}, which has another value`,
      "remove one of the two",
    );
  }
}

export function buildAnnotationSubject(ingress: Ingress, key: string): Subject {
  return { object: `Ingress ${nameOf(ingress)}`, source: ingress.source, field: `metadata.annotations[${key}]` };
}
