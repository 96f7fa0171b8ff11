import { type CompiledPolicyName, compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import type { Annotation, Annotations } from "../../../src/rules/policies/policy.ts";
import { type Ingress, nameOf } from "../../collect/cluster-model.ts";
import type { Report, Subject } from "../diagnostics.ts";

/** First ours, then ingress-nginx's, then the one in use before 2018: the first that is there counts. */
export const ANNOTATION_PREFIXES = ["edgress.dev/", "nginx.ingress.kubernetes.io/", "ingress.kubernetes.io/"] as const;
const legacyPrefix = ANNOTATION_PREFIXES[2];
// Of most policies an Ingress says nothing, and there are dozens: one object stands for all.
const NO_VALUES = Object.freeze({});

/** An Ingress's annotations, read once for all of its paths. */
export interface ParsedAnnotations {
  /** What each policy was asked for, by annotation. */
  readonly values: Readonly<Record<CompiledPolicyName, Readonly<Record<string, unknown>>>>;
  /** The annotation that cannot be read and must not be done without, if there is one. */
  readonly unreadableGuard: string | undefined;
  readonly isLegacy: (annotation: string) => boolean;
  /** The key under which an annotation that counts stands, with its prefix. */
  readonly findKey: (annotation: string) => string | undefined;
}

/** Reads what the policies' tables name. A value that cannot be read is reported; a guard's closes every route. */
export function readAnnotations(ingress: Ingress, report: Report): ParsedAnnotations {
  const unreadableGuards: string[] = [];
  const presentNames = listPresentNames(ingress);
  const parseValues = (annotations: Annotations) => {
    // Most are not there, and there are hundreds.
    const presentAnnotations = Object.entries(annotations).filter(([name, { aliases }]) =>
      [name, ...(aliases ?? [])].some((candidate) => presentNames.has(candidate)),
    );
    if (presentAnnotations.length === 0) return NO_VALUES;
    return Object.fromEntries(
      presentAnnotations.flatMap(([name, annotation]) => {
        const parsedValue = parseAnnotation(ingress, name, annotation, report, unreadableGuards);
        return parsedValue === undefined ? [] : [[name, parsedValue]];
      }),
    );
  };
  const values = Object.fromEntries(compiledPolicies.map(({ name, annotations }) => [name, parseValues(annotations)]));
  return {
    values: values as ParsedAnnotations["values"], // made from the list of policies, so every name is there
    unreadableGuard: unreadableGuards[0],
    isLegacy: (annotation) => findAnnotationKey(ingress, annotation) === legacyPrefix + annotation,
    findKey: (annotation) => findAnnotationKey(ingress, annotation),
  };
}

function parseAnnotation(
  ingress: Ingress,
  name: string,
  annotation: Annotation<unknown>,
  report: Report,
  unreadableGuards: string[],
) {
  const key =
    findAnnotationKey(ingress, name) ??
    (annotation.aliases ?? []).map((alias) => findAnnotationKey(ingress, alias)).find(Boolean);
  const text = key && ingress.annotations[key];
  if (!key || text === undefined) return undefined;
  const subject = buildAnnotationSubject(ingress, key);
  reportConflictingAnnotations(ingress, name, key, text, report);
  const result = annotation.parse(text.trim());
  if (result.ok) return result.value;
  const remedy = `write it like ${JSON.stringify(annotation.example)}`;
  if (annotation.guards) {
    unreadableGuards.push(key);
    report("RouteFailedClosed", subject, result.problem, `${remedy}; until then its paths answer 503`);
  } else report("InvalidAnnotation", subject, result.problem, `${remedy}; until then it counts as absent`);
  return undefined;
}

/** The names of an Ingress's annotations, without prefix. */
function listPresentNames({ annotations }: Ingress): ReadonlySet<string> {
  const keys = Object.keys(annotations);
  return new Set(
    ANNOTATION_PREFIXES.flatMap((prefix) =>
      keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)),
    ),
  );
}

/** The key that counts for an annotation: the first prefix under which it stands. */
function findAnnotationKey(ingress: Ingress, name: string): string | undefined {
  return ANNOTATION_PREFIXES.map((prefix) => prefix + name).find((key) => ingress.annotations[key] !== undefined);
}

function reportConflictingAnnotations(ingress: Ingress, name: string, key: string, text: string, report: Report): void {
  for (const otherKey of ANNOTATION_PREFIXES.map((prefix) => prefix + name)) {
    const otherText = ingress.annotations[otherKey];
    if (otherKey === key || otherText === undefined || otherText === text) continue;
    report(
      "ConflictingAnnotations",
      buildAnnotationSubject(ingress, otherKey),
      `${key} has another value, and counts`,
      "remove one of them",
    );
  }
}

function buildAnnotationSubject(ingress: Ingress, key: string): Subject {
  return { object: `Ingress ${nameOf(ingress)}`, source: ingress.source, field: `metadata.annotations[${key}]` };
}
