import { compareText } from "../../../src/rules/compare-text.ts";
import { CLASS_ANNOTATION } from "../../collect/annotation-names.ts";
import { type Cluster, type Ingress, type IngressClass, nameOf } from "../../collect/cluster-model.ts";
import { createListMemo, type ListMemo } from "../../incremental/list-memo.ts";
import { createSortMemo, type SortMemo } from "../../incremental/sorted-list.ts";
import { collectDiagnostics, type Report, type Reported } from "../diagnostics.ts";
import type { StageOptions } from "../options.ts";

/** The options that select our Ingresses. */
export type ClassSelector = Pick<StageOptions, "ingressClass" | "controller" | "watchIngressWithoutClass">;

/** Earlier selections. */
export interface SelectionMemo {
  readonly verdicts: ListMemo<Ingress, Reported<boolean>>;
  readonly claimOrder: SortMemo<Ingress>;
}

export function createSelectionMemo(): SelectionMemo {
  return { verdicts: createListMemo(), claimOrder: createSortMemo(rankIngress, byClaimOrder) };
}

/** Returns our Ingresses in claim order, so that the result does not depend on the order of objects. */
export function selectIngresses(
  { ingresses, classes }: Pick<Cluster, "ingresses" | "classes">,
  options: ClassSelector,
  report: Report,
  memo = createSelectionMemo(),
): readonly Ingress[] {
  const classesByName = new Map(classes.map((ingressClass) => [ingressClass.name, ingressClass]));
  const hasDefaultClass = classes.some(
    (candidate) => candidate.isDefault && candidate.controller === options.controller,
  );
  const verdicts = memo.verdicts(ingresses, [classes, options], (ingress) => {
    const ingressClass = ingress.className === undefined ? undefined : classesByName.get(ingress.className);
    return collectDiagnostics((reportIngress) =>
      isSelected(ingress, { ingressClass, hasDefaultClass }, options, reportIngress),
    );
  });
  for (const { diagnostics } of verdicts)
    for (const { reason, problem, remedy, ...subject } of diagnostics) report(reason, subject, problem, remedy);
  return memo.claimOrder(ingresses.filter((_, index) => verdicts[index]?.value));
}

/** The fields of an Ingress that claim order compares. */
interface IngressRank {
  readonly createdMs: number;
  readonly name: string; // "namespace/name"
}

/**
 * The oldest first; an Ingress without a date is last, because it is not created yet. Names break ties, in descending
 * order, as in ingress-nginx.
 */
function byClaimOrder(a: IngressRank, b: IngressRank): number {
  return a.createdMs - b.createdMs || compareText(b.name, a.name);
}

// After every date. Not Infinity, because two of those cannot be subtracted.
const UNKNOWN_CREATION_MS = Number.MAX_SAFE_INTEGER;

function rankIngress(ingress: Ingress): IngressRank {
  const { created } = ingress;
  return { createdMs: created === undefined ? UNKNOWN_CREATION_MS : Date.parse(created), name: nameOf(ingress) };
}

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
