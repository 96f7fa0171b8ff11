import { compareText } from "../../../src/rules/compare-text.ts";
import { type Cluster, type IngressClass, nameOf } from "../../collect/cluster-model.ts";
import { foldNames } from "../../runtime/fold.ts";
import {
  type ClassSelector,
  createSelectionMemo,
  findClassOf,
  type IgnoreReason,
  judgeIngresses,
} from "./ingress-class.ts";

/** An Ingress that is not ours, and the option that would select it. */
export interface IgnoredIngress {
  readonly name: string; // "namespace/name"
  readonly className: string | undefined;
  readonly reason: IgnoreReason;
  readonly option: string; // "--ingress-class nginx"
}

/** Returns the Ingresses that are not ours, sorted by name. */
export function findIgnoredIngresses(
  cluster: Pick<Cluster, "ingresses" | "classes">,
  options: ClassSelector,
  memo = createSelectionMemo(),
): readonly IgnoredIngress[] {
  const selections = judgeIngresses(cluster, options, memo);
  const ignoredIngresses = cluster.ingresses.flatMap((ingress, index): IgnoredIngress[] => {
    const reason = selections[index]?.value;
    if (reason === undefined || reason === "selected") return [];
    const className = findClassOf(ingress);
    return [{ name: nameOf(ingress), className, reason, option: suggestOption(reason, className, cluster.classes) }];
  });
  return ignoredIngresses.toSorted((a, b) => compareText(a.name, b.name));
}

function suggestOption(reason: IgnoreReason, className: string | undefined, classes: readonly IngressClass[]): string {
  switch (reason) {
    case "no-class":
      return "--watch-ingress-without-class";
    case "other-class":
      return `--ingress-class ${className}`;
    case "other-controller":
      return `--controller ${classes.find(({ name }) => name === className)?.controller}`;
  }
}

/** Formats ignored Ingresses as one line for each class: "2 Ingresses of class nginx are ignored: a/b, a/c. …". */
export function formatIgnoredIngresses(ignoredIngresses: readonly IgnoredIngress[]): string[] {
  return groupByOption(ignoredIngresses).map(
    ({ label, option, names }) => `${label} ignored: ${foldNames(names)}. To select such Ingresses, set ${option}`,
  );
}

/** Formats the classes of ignored Ingresses, and their options, as one line without names. */
export function formatIgnoredClasses(ignoredIngresses: readonly IgnoredIngress[]): string {
  return groupByOption(ignoredIngresses)
    .map(({ label, option }) => `${label} ignored. To select such Ingresses, set ${option}`)
    .join("; ");
}

function groupByOption(ignoredIngresses: readonly IgnoredIngress[]) {
  const groups = Map.groupBy(ignoredIngresses, ({ className, option }) => `${className} ${option}`);
  return [...groups.values()].map((group) => {
    const { className, option } = group[0] ?? { className: undefined, option: "" };
    const count = group.length === 1 ? "1 Ingress" : `${group.length} Ingresses`;
    const label = `${count} ${className === undefined ? "without a class" : `of class ${className}`} ${group.length === 1 ? "is" : "are"}`;
    return { label, option, names: group.map(({ name }) => name) };
  });
}
