import { CLASS_ANNOTATION } from "../collect/annotation-names.ts";
import type { Cluster, Ingress, IngressClass } from "../collect/cluster-model.ts";
import { type ClassSelector, selectIngresses } from "../compile/select/ingress-class.ts";

/** Returns a line that counts the Ingresses of each other class, with the options that select them, if there are any. */
export function formatClassHint(cluster: Cluster, selector: ClassSelector): string | undefined {
  const selectedIngresses = new Set(selectIngresses(cluster, selector, () => {}));
  const ignoredIngresses = cluster.ingresses.filter((ingress) => !selectedIngresses.has(ingress));
  if (ignoredIngresses.length === 0) return undefined;
  const groups = Map.groupBy(ignoredIngresses, (ingress) => describeClass(ingress, cluster.classes));
  const counts = [...groups].map(([description, ingresses]) => `${ingresses.length} ${description}`);
  const total = cluster.ingresses.length;
  return `${ignoredIngresses.length} of ${total} Ingresses have another class: ${counts.join(", ")}`;
}

function describeClass({ className, annotations }: Ingress, classes: readonly IngressClass[]): string {
  const name = className ?? annotations[CLASS_ANNOTATION];
  if (name === undefined) return "without a class (--watch-ingress-without-class)";
  const ingressClass = className === undefined ? undefined : classes.find((candidate) => candidate.name === className);
  const option = ingressClass ? `--controller ${ingressClass.controller}` : `--ingress-class ${name}`;
  return `of class ${name} (${option})`;
}
