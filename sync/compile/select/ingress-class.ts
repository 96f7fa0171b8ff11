import { closest, distance } from "fastest-levenshtein";
import { compareText } from "../../../src/rules/compare-text.ts";
import { CLASS_ANNOTATION } from "../../collect/annotation-names.ts";
import { type Cluster, type Ingress, type IngressClass, nameOf } from "../../collect/cluster-model.ts";
import { type ConcatMemo, createConcatMemo, createListMemo, type ListMemo } from "../../incremental/list-memo.ts";
import { createSortMemo, type SortMemo } from "../../incremental/sorted-list.ts";
import { collectDiagnostics, type Diagnostic, type Report, type Reported, type Subject } from "../diagnostics.ts";
import type { StageOptions } from "../options.ts";

/** The options that select our Ingresses. */
export type ClassSelector = Pick<StageOptions, "ingressClass" | "controller" | "watchIngressWithoutClass">;

/** Why an Ingress is not ours. */
export const IGNORE_REASONS = ["other-class", "other-controller", "no-class"] as const;
export type IgnoreReason = (typeof IGNORE_REASONS)[number];

/** Whether an Ingress is ours: an IngressClass has another controller, or the class has another name. */
export type Selection = "selected" | IgnoreReason;

/** Earlier selections. */
export interface SelectionMemo {
  readonly verdicts: ListMemo<Ingress, Reported<Selection>>;
  readonly diagnostics: ConcatMemo<Reported<Selection>, Diagnostic>;
  readonly claimOrder: SortMemo<Ingress>;
}

export function createSelectionMemo(): SelectionMemo {
  return {
    verdicts: createListMemo(),
    diagnostics: createConcatMemo(({ diagnostics }) => diagnostics),
    claimOrder: createSortMemo(rankIngress, byClaimOrder),
  };
}

/** Returns our Ingresses in claim order, so that the result does not depend on the order of objects. */
export function selectIngresses(
  cluster: Pick<Cluster, "ingresses" | "classes">,
  options: ClassSelector,
  memo = createSelectionMemo(),
): readonly Ingress[] {
  const verdicts = classifyIngresses(cluster, options, memo);
  return memo.claimOrder(cluster.ingresses.filter((_, index) => verdicts[index]?.value === "selected"));
}

/** Returns the diagnostics of the selection, such as that of a misspelled class. */
export function listSelectionDiagnostics(
  cluster: Pick<Cluster, "ingresses" | "classes">,
  options: ClassSelector,
  memo: SelectionMemo,
): readonly Diagnostic[] {
  return memo.diagnostics(classifyIngresses(cluster, options, memo));
}

/** Returns the selection of each Ingress, in their order. */
export function classifyIngresses(
  { ingresses, classes }: Pick<Cluster, "ingresses" | "classes">,
  options: ClassSelector,
  memo = createSelectionMemo(),
): readonly Reported<Selection>[] {
  const classesByName = new Map(classes.map((ingressClass) => [ingressClass.name, ingressClass]));
  const hasDefaultClass = classes.some(
    (candidate) => candidate.isDefault && candidate.controller === options.controller,
  );
  const ourNames = classes.filter(({ controller }) => controller === options.controller).map(({ name }) => name);
  const selectedNames = [...new Set([options.ingressClass, ...ourNames])];
  return memo.verdicts(ingresses, [classes, options], (ingress) => {
    const verdict = collectDiagnostics((report) => {
      const ingressClass = ingress.className === undefined ? undefined : classesByName.get(ingress.className);
      const selection = select(ingress, { ingressClass, hasDefaultClass }, options, report);
      if (selection === "other-class") reportMisspelling(ingress, classesByName, selectedNames, report);
      return selection;
    });
    return verdict.value === "selected" && verdict.diagnostics.length === 0 ? SELECTED : verdict;
  });
}

/** One object for most Ingresses. */
const SELECTED: Reported<Selection> = { value: "selected", diagnostics: [] };

/** The fields of an Ingress that claim order compares. */
export interface IngressRank {
  readonly createdMs: number;
  readonly name: string; // "namespace/name"
}

/**
 * The oldest first; an Ingress without a date is last, because it is not created yet. Names break ties, in descending
 * order, as in ingress-nginx.
 */
export function byClaimOrder(a: IngressRank, b: IngressRank): number {
  return a.createdMs - b.createdMs || compareText(b.name, a.name);
}

// After every date. Not Infinity, because two of those cannot be subtracted.
const UNKNOWN_CREATION_MS = Number.MAX_SAFE_INTEGER;

export function rankIngress(ingress: Ingress): IngressRank {
  const { created } = ingress;
  return { createdMs: created === undefined ? UNKNOWN_CREATION_MS : Date.parse(created), name: nameOf(ingress) };
}

/**
 * The field takes precedence over the annotation, as in ingress-nginx. With neither, the default class or the option
 * decides.
 */
function select(
  ingress: Ingress,
  { ingressClass, hasDefaultClass }: { ingressClass: IngressClass | undefined; hasDefaultClass: boolean },
  options: ClassSelector,
  report: Report,
): Selection {
  const annotationClass = ingress.annotations[CLASS_ANNOTATION];
  const fieldClass = ingress.className;
  if (fieldClass !== undefined) {
    const selection = selectByField(ingress, ingressClass, options, report);
    if (selection !== "selected") return selection;
    if (annotationClass !== undefined && annotationClass !== fieldClass && annotationClass !== options.ingressClass) {
      const problem = `class "${fieldClass}" conflicts with "${annotationClass}" in the annotation ${CLASS_ANNOTATION}; the field wins`;
      report("IngressClassConflict", buildClassSubject(ingress), problem, "remove the annotation");
    }
    return "selected";
  }
  if (annotationClass !== undefined) return annotationClass === options.ingressClass ? "selected" : "other-class";
  return options.watchIngressWithoutClass || hasDefaultClass ? "selected" : "no-class";
}

function selectByField(
  ingress: Ingress,
  ingressClass: IngressClass | undefined,
  options: ClassSelector,
  report: Report,
): Selection {
  if (ingressClass) return ingressClass.controller === options.controller ? "selected" : "other-controller";
  const name = ingress.className;
  if (name !== options.ingressClass) return "other-class";
  const remedy = `create the IngressClass with spec.controller: ${options.controller}`;
  const problem = `IngressClass not found: ${name}; it is matched by name`;
  report("IngressClassNotFound", buildClassSubject(ingress), problem, remedy);
  return "selected";
}

/**
 * Reports a class that is nearly one of ours. A class with an IngressClass object belongs to a controller, and is not
 * reported. The Event refers to the Ingress and changes nothing in it.
 */
function reportMisspelling(
  ingress: Ingress,
  classesByName: ReadonlyMap<string, IngressClass>,
  selectedNames: readonly string[],
  report: Report,
): void {
  const name = findClassOf(ingress);
  if (name === undefined || classesByName.has(name)) return;
  const nearestName = closest(name, selectedNames);
  if (!isMisspelling(name, nearestName)) return;
  const problem = `class not found: "${name}"; the Ingress is ignored`;
  report("MisspelledIngressClass", buildClassSubject(ingress), problem, `did you mean ${nearestName}?`);
}

/** Whether one letter differs, or two are exchanged. Names such as nginx-1 and nginx-2 are different classes. */
function isMisspelling(name: string, intendedName: string): boolean {
  const [text, intendedText] = [name.toLowerCase(), intendedName.toLowerCase()];
  if (text.replace(/\d/g, "") === intendedText.replace(/\d/g, "")) return text === intendedText;
  const sortLetters = (word: string) => [...word].toSorted().join("");
  const mistakes = distance(text, intendedText);
  return mistakes === 1 || (mistakes === 2 && sortLetters(text) === sortLetters(intendedText));
}

/** Returns the class that an Ingress names: in its field, or in its annotation. */
export function findClassOf({
  className,
  annotations,
}: Pick<Ingress, "className" | "annotations">): string | undefined {
  return className ?? annotations[CLASS_ANNOTATION];
}

function buildClassSubject(ingress: Ingress): Subject {
  const field = ingress.className === undefined ? `metadata.annotations[${CLASS_ANNOTATION}]` : "spec.ingressClassName";
  return { object: `Ingress ${nameOf(ingress)}`, source: ingress.source, field };
}
