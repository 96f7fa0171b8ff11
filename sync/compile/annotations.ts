import { type AnyPolicyName, allPolicies } from "../../src/rules/policies/all.ts";
import type { Annotation, Annotations } from "../../src/rules/policies/define.ts";
import type { Ingress } from "../collect/cluster.ts";
import type { Report, Subject } from "./diagnostic.ts";
import { nameOf } from "./select.ts";

/** First ours, then ingress-nginx's, then the one in use before 2018: the first that is there counts. */
export const PREFIXES = ["edgress.dev/", "nginx.ingress.kubernetes.io/", "ingress.kubernetes.io/"] as const;
const LEGACY_PREFIX = PREFIXES[2];
// Of most policies an Ingress says nothing, and there are dozens: one object stands for all.
const NOTHING = Object.freeze({});

/** An Ingress's annotations, read once for all of its paths. */
export interface Read {
  /** What each policy was asked for, by annotation. */
  readonly values: Readonly<Record<AnyPolicyName, Readonly<Record<string, unknown>>>>;
  /** The annotation that cannot be read and must not be done without, if there is one. */
  readonly closedBy: string | undefined;
  readonly isLegacy: (annotation: string) => boolean;
  /** The key under which an annotation that counts stands, with its prefix. */
  readonly keyOf: (annotation: string) => string | undefined;
}

/** Reads what the policies' tables name. A value that cannot be read is reported; a guard's closes every route. */
export function readAnnotations(ingress: Ingress, report: Report): Read {
  const closing: string[] = [];
  const written = writtenNames(ingress);
  const valuesOf = (annotations: Annotations) => {
    // Most are not there, and there are hundreds.
    const there = Object.entries(annotations).filter(([name, { aliases }]) =>
      [name, ...(aliases ?? [])].some((one) => written.has(one)),
    );
    if (there.length === 0) return NOTHING;
    return Object.fromEntries(
      there.flatMap(([name, annotation]) => {
        const value = readOne(ingress, name, annotation, report, closing);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  };
  const values = Object.fromEntries(allPolicies.map(({ name, annotations }) => [name, valuesOf(annotations)]));
  return {
    values: values as Read["values"], // made from the list of policies, so every name is there
    closedBy: closing[0],
    isLegacy: (annotation) => keyOf(ingress, annotation) === LEGACY_PREFIX + annotation,
    keyOf: (annotation) => keyOf(ingress, annotation),
  };
}

function readOne(ingress: Ingress, name: string, annotation: Annotation<unknown>, report: Report, closing: string[]) {
  const key = keyOf(ingress, name) ?? (annotation.aliases ?? []).map((alias) => keyOf(ingress, alias)).find(Boolean);
  const text = key && ingress.annotations[key];
  if (!key || text === undefined) return undefined;
  const subject = subjectOf(ingress, key);
  reportOthers(ingress, name, key, text, report);
  const value = annotation.parse(text.trim());
  if (value.ok) return value.value;
  const remedy = `write it like ${JSON.stringify(annotation.example)}`;
  if (annotation.guards) {
    closing.push(key);
    report("RouteClosed", subject, value.problem, `${remedy}; until then its paths answer 503`);
  } else report("AnnotationInvalid", subject, value.problem, `${remedy}; until then it counts as absent`);
  return undefined;
}

/** The names of an Ingress's annotations, without prefix. */
function writtenNames({ annotations }: Ingress): ReadonlySet<string> {
  const keys = Object.keys(annotations);
  return new Set(
    PREFIXES.flatMap((prefix) => keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length))),
  );
}

/** The key that counts for an annotation: the first prefix under which it stands. */
function keyOf(ingress: Ingress, name: string): string | undefined {
  return PREFIXES.map((prefix) => prefix + name).find((key) => ingress.annotations[key] !== undefined);
}

function reportOthers(ingress: Ingress, name: string, key: string, text: string, report: Report): void {
  for (const other of PREFIXES.map((prefix) => prefix + name)) {
    const value = ingress.annotations[other];
    if (other === key || value === undefined || value === text) continue;
    report(
      "AnnotationsDiffer",
      subjectOf(ingress, other),
      `${key} has another value, and counts`,
      "remove one of them",
    );
  }
}

function subjectOf(ingress: Ingress, key: string): Subject {
  return { object: `Ingress ${nameOf(ingress)}`, source: ingress.source, field: `metadata.annotations[${key}]` };
}
