import { compareText } from "../../../src/rules/compare-text.ts";
import { CLASS_ANNOTATION } from "../../collect/annotation-names.ts";
import { type Cluster, type Ingress, type IngressClass, nameOf } from "../../collect/cluster-model.ts";
import { createListMemo, type ListMemo } from "../../incremental/list-memo.ts";
import { createSortMemo, type SortMemo } from "../../incremental/sorted-list.ts";
import { collectDiagnostics, type Report, type Reported } from "../diagnostics.ts";
import type { Options } from "../options.ts";

/** What tells our Ingresses from others'. */
export type ClassSelector = Pick<Options, "ingressClass" | "controller" | "watchIngressWithoutClass">;

/** Earlier selections. */
export interface SelectionMemo {
  readonly verdicts: ListMemo<Ingress, Reported<boolean>>;
  readonly claimOrder: SortMemo<Ingress>;
}

export function createSelectionMemo(): SelectionMemo {
  return { verdicts: createListMemo(), claimOrder: createSortMemo(rankIngress, byClaimOrder) };
}

/** Our Ingresses in claim order, so that the order in which objects arrive never matters. */
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

/** What an Ingress's place in claim order depends on. */
interface IngressRank {
  readonly createdMs: number;
  readonly name: string; // "namespace/name"
}

/**
 * The oldest first; one without a date is not created yet, so it comes last. Names break ties, downwards: ingress-nginx's
 * order.
 */
function byClaimOrder(a: IngressRank, b: IngressRank): number {
  return a.createdMs - b.createdMs || compareText(b.name, a.name);
}

// After every date, yet a number: infinities cannot be subtracted.
const UNKNOWN_CREATION_MS = Number.MAX_SAFE_INTEGER;

function rankIngress(ingress: Ingress): IngressRank {
  const { created } = ingress;
  return { createdMs: created === undefined ? UNKNOWN_CREATION_MS : Date.parse(created), name: nameOf(ingress) };
}

/** The field counts before the annotation, as in ingress-nginx; with neither, the default class or the option decides. */
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
      const problem = `the class is "${fieldClass}" here and "${annotationClass}" in the annotation ${CLASS_ANNOTATION}`;
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
  const remedy = `create it with spec.controller: ${options.controller}`;
  report("IngressClassNotFound", subject, `there is no IngressClass ${name}; it is taken by its name`, remedy);
  return true;
}
