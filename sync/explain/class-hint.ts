import type { Cluster } from "../collect/cluster-model.ts";
import { type ClassSelector, selectIngresses } from "../compile/select/ingress-class.ts";

/** Returns a line that counts the Ingresses of other classes and names the options that select them, if there are any. */
export function formatClassHint(cluster: Cluster, selector: ClassSelector): string | undefined {
  const total = cluster.ingresses.length;
  const otherClassCount = total - selectIngresses(cluster, selector, () => {}).length;
  if (otherClassCount === 0) return undefined;
  return `${otherClassCount} of ${total} Ingresses have another class (--ingress-class, --controller, --watch-ingress-without-class)`;
}
