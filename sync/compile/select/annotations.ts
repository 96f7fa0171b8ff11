import { type CompiledPolicyName, compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import type { Annotation } from "../../../src/rules/policies/policy.ts";
import { ANNOTATION_PREFIXES } from "../../collect/annotation-names.ts";
import { type Ingress, nameOf } from "../../collect/cluster-model.ts";
import type { Report, Subject } from "../diagnostics.ts";
import type { ParsedAnnotations } from "../model.ts";
import { type CatalogEntry, findCatalogEntries, stripAnnotationPrefix } from "./annotation-catalog.ts";
import { findUnreadGuard } from "./unread-guards.ts";

const legacyPrefix = ANNOTATION_PREFIXES[2];
// Shared by all policies without annotations, because an Ingress sets few of them. The cast: every policy is in the list.
const NO_VALUES = Object.freeze({});
const NO_POLICY_VALUES = Object.fromEntries(
  compiledPolicies.map(({ name }) => [name, NO_VALUES]),
) as ParsedAnnotations["values"];
const NO_NAMES: ReadonlySet<string> = new Set();

/** Parses the annotations of all policies. Reports invalid values; an invalid guard closes every route. */
export function readAnnotations(
  ingress: Ingress,
  report: Report,
  enforcedNames: ReadonlySet<string> = NO_NAMES,
): ParsedAnnotations {
  const parsed = listPresentEntries(ingress).map(({ name, policy, row }) => ({
    policyName: policy.name,
    name,
    ...parseAnnotation(ingress, name, row, report),
  }));
  const values = buildValues(parsed);
  const unreadableGuard = parsed.find(({ guard }) => guard !== undefined)?.guard;
  const unreadGuardReason = findUnreadGuard(ingress, values, report);
  return {
    values,
    closingReason: unreadableGuard === undefined ? unreadGuardReason : `${unreadableGuard} is invalid`,
    isLegacy: (annotation) => findAnnotationKey(ingress, annotation) === legacyPrefix + annotation,
    findKey: (annotation) => findAnnotationKey(ingress, annotation),
    isEnforced: (annotation) => enforcedNames.has(annotation),
  };
}

/** Returns the annotations that an Ingress sets, in the order of policies. It sets few of hundreds. */
function listPresentEntries({ annotations }: Ingress): CatalogEntry[] {
  return findCatalogEntries(Object.keys(annotations).flatMap((key) => stripAnnotationPrefix(key) ?? []));
}

interface ParsedAnnotation {
  readonly value?: unknown;
  readonly guard?: string; // the key of an unreadable guard
}

/** Returns the values of each policy. Those of policies without annotations are inherited, because most have none. */
function buildValues(
  parsed: readonly ({ readonly policyName: CompiledPolicyName; readonly name: string } & ParsedAnnotation)[],
): ParsedAnnotations["values"] {
  const present = parsed.filter(({ value }) => value !== undefined);
  if (present.length === 0) return NO_POLICY_VALUES;
  const policyNames = new Set(present.map(({ policyName }) => policyName));
  const entries = [...policyNames].map((policyName) => {
    const values = present.filter((entry) => entry.policyName === policyName);
    return [policyName, Object.fromEntries(values.map(({ name, value }) => [name, value]))];
  });
  return Object.assign(Object.create(NO_POLICY_VALUES), Object.fromEntries(entries));
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
  return {
    object: `${ingress.ownerKind ?? "Ingress"} ${nameOf(ingress)}`,
    source: ingress.source,
    field: `metadata.annotations[${key}]`,
  };
}
