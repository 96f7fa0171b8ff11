import { compareText } from "../../../src/rules/compare-text.ts";
import { type Cluster, type IngressClass, nameOf } from "../../collect/cluster-model.ts";
import { foldLines, foldNames } from "../../runtime/fold.ts";
import { formatCount } from "../../runtime/format-count.ts";
import {
  type ClassSelector,
  classifyIngresses,
  createSelectionMemo,
  findClassOf,
  type IgnoreReason,
} from "./ingress-class.ts";

/** The length of a name. An annotation may be longer, and lines show it. */
const MAX_CLASS_LENGTH = 253;

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
  const selections = classifyIngresses(cluster, options, memo);
  const ignoredIngresses = cluster.ingresses.flatMap((ingress, index): IgnoredIngress[] => {
    const reason = selections[index]?.value;
    if (reason === undefined || reason === "selected") return [];
    const className = findClassOf(ingress)?.slice(0, MAX_CLASS_LENGTH);
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
  return formatGroups(ignoredIngresses, (names) => `: ${foldNames(names)}`);
}

/** Formats the classes of ignored Ingresses, and their options, as one line without names. */
export function formatIgnoredClasses(ignoredIngresses: readonly IgnoredIngress[]): string {
  return formatGroups(ignoredIngresses, () => "").join("; ");
}

function formatGroups(
  ignoredIngresses: readonly IgnoredIngress[],
  formatNames: (names: readonly string[]) => string,
): string[] {
  const groups = Map.groupBy(ignoredIngresses, ({ className, option }) => `${className} ${option}`);
  const lines = [...groups.values()].map((group) => {
    const [{ className, option } = { className: undefined, option: "" }] = group;
    const verb = group.length === 1 ? "is" : "are";
    const classText = className === undefined ? "without a class" : `of class ${className}`;
    const names = formatNames(group.map(({ name }) => name));
    return `${formatCount(group.length, "Ingress")} ${classText} ${verb} ignored${names}. To select such Ingresses, set ${option}`;
  });
  return foldLines(lines, (count) => `Ingresses of ${count} more classes are ignored`);
}
