import { compareText } from "../../../src/rules/compare-text.ts";
import { CLASS_ANNOTATION } from "../../collect/annotation-names.ts";
import { type Cluster, type Ingress, type IngressClass, nameOf } from "../../collect/cluster-model.ts";
import { memoize } from "../../incremental/memoize.ts";
import type { Report } from "../diagnostics.ts";
import type { Options } from "../options.ts";

/** The options that select our Ingresses. */
export type ClassSelector = Pick<Options, "ingressClass" | "controller" | "watchIngressWithoutClass">;

/** Returns our Ingresses in claim order, so that the result does not depend on the order of objects. */
export function selectIngresses({ ingresses, classes }: Cluster, options: ClassSelector, report: Report): Ingress[] {
  const classesByName = new Map(classes.map((ingressClass) => [ingressClass.name, ingressClass]));
  const hasDefaultClass = classes.some(
    (candidate) => candidate.isDefault && candidate.controller === options.controller,
  );
  return ingresses
    .filter((ingress) => {
      const ingressClass = ingress.className === undefined ? undefined : classesByName.get(ingress.className);
      return isSelected(ingress, { ingressClass, hasDefaultClass }, options, report);
    })
    .map(rankIngress)
    .toSorted(byClaimOrder)
    .map(({ ingress }) => ingress);
}

/** An Ingress with the fields that claim order compares. */
interface RankedIngress {
  readonly ingress: Ingress;
  readonly createdMs: number;
  readonly name: string; // "namespace/name"
}

/**
 * The oldest first; an Ingress without a date is last, because it is not created yet. Names break ties, in descending
 * order, as in ingress-nginx.
 */
function byClaimOrder(a: RankedIngress, b: RankedIngress): number {
  return a.createdMs - b.createdMs || compareText(b.name, a.name);
}

// After every date. Not Infinity, because two of those cannot be subtracted.
const UNKNOWN_CREATION_MS = Number.MAX_SAFE_INTEGER;

const rankIngress = memoize((ingress: Ingress): RankedIngress => {
  const { created } = ingress;
  const createdMs = created === undefined ? UNKNOWN_CREATION_MS : Date.parse(created);
  return { ingress, createdMs, name: nameOf(ingress) };
});

/**
 * The field takes precedence over the annotation, as in ingress-nginx. With neither, the default class or the option
 * decides.
 */
function isSelected(
  ingress: Ingress,
  { ingressClass, hasDefaultClass }: { ingressClass: IngressClass | undefined; hasDefaultClass: boolean },
  options: ClassSelector,
  report: Report,
): boolean {
  const annotationClass = ingress.annotations[CLASS_ANNOTATION];
  const fieldClass = ingress.className;
  if (fieldClass !== undefined) {
    if (!isSelectedClass(ingress, ingressClass, options, report)) return false;
    if (annotationClass !== undefined && annotationClass !== fieldClass && annotationClass !== options.ingressClass) {
      const subject = { object: `Ingress ${nameOf(ingress)}`, source: ingress.source, field: "spec.ingressClassName" };
      const problem = `class "${fieldClass}" conflicts with "${annotationClass}" in the annotation ${CLASS_ANNOTATION}; the field wins`;
      report("IngressClassConflict", subject, problem, "remove the annotation");
    }
    return true;
  }
  if (annotationClass !== undefined) return annotationClass === options.ingressClass;
  return options.watchIngressWithoutClass || hasDefaultClass;
}

function isSelectedClass(
  ingress: Ingress,
  ingressClass: IngressClass | undefined,
  options: ClassSelector,
  report: Report,
): boolean {
  if (ingressClass) return ingressClass.controller === options.controller;
  const name = ingress.className;
  if (name !== options.ingressClass) return false;
  const subject = { object: `Ingress ${nameOf(ingress)}`, source: ingress.source, field: "spec.ingressClassName" };
  const remedy = `create the IngressClass with spec.controller: ${options.controller}`;
  report("IngressClassNotFound", subject, `IngressClass not found: ${name}; it is matched by name`, remedy);
  return true;
}
