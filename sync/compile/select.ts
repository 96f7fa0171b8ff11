import { compareText } from "../../src/rules/order.ts";
import type { Cluster, Ingress, IngressClass } from "../collect/cluster.ts";
import type { Report } from "./diagnostic.ts";
import type { Recall } from "./memory.ts";
import type { Options } from "./options.ts";
import { NOTHING_SORTED, type Sorted, sortedAfter } from "./sorted.ts";

export const CLASS_ANNOTATION = "kubernetes.io/ingress.class";

/** What tells our Ingresses from others'. */
export type Selecting = Pick<Options, "ingressClass" | "controller" | "watchIngressWithoutClass">;

/** Our Ingresses in claim order, so that the order in which objects arrive never matters. */
export function select(cluster: Cluster, options: Selecting, recall: Recall): Ingress[] {
  return rankedIn(cluster, options, recall, NOTHING_SORTED).sorted.map(({ ingress }) => ingress);
}

/** Our Ingresses in claim order, each with its name and rank. */
export function rankedIn(
  { ingresses, classes }: Cluster,
  options: Selecting,
  recall: Recall,
  before: Sorted<Ranked>,
): Sorted<Ranked> {
  const byName = new Map(classes.map((ingressClass) => [ingressClass.name, ingressClass]));
  const isDefault = classes.some((one) => one.isDefault && one.controller === options.controller);
  const ranked = ingresses.map((ingress) => {
    const ingressClass = ingress.className === undefined ? undefined : byName.get(ingress.className);
    return recall("ranked", ingress, [ingressClass, isDefault], (report) =>
      isOurs(ingress, ingressClass, isDefault, options, report) ? rankOf(ingress) : undefined,
    );
  });
  const ours = ranked.filter((rank) => rank !== undefined);
  return sortedAfter(before, ours, byClaim);
}

/** What an Ingress's place in claim order depends on. */
export interface Ranked {
  readonly ingress: Ingress;
  readonly created: number;
  readonly name: string; // "namespace/name"
}

/**
 * The oldest first; one without a date is not created yet, so it comes last. Names break ties, downwards: ingress-nginx's
 * order.
 */
function byClaim(a: Ranked, b: Ranked): number {
  return a.created - b.created || compareText(b.name, a.name);
}

export function nameOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}

// After every date, yet a number: infinities cannot be subtracted.
const NOT_CREATED = Number.MAX_SAFE_INTEGER;

function rankOf(ingress: Ingress): Ranked {
  const { created } = ingress;
  return { ingress, created: created === undefined ? NOT_CREATED : Date.parse(created), name: nameOf(ingress) };
}

/** The field counts before the annotation, as in ingress-nginx; with neither, the default class or the option decides. */
function isOurs(
  ingress: Ingress,
  ingressClass: IngressClass | undefined,
  isDefault: boolean,
  options: Selecting,
  report: Report,
): boolean {
  const annotated = ingress.annotations[CLASS_ANNOTATION];
  const named = ingress.className;
  if (named !== undefined) {
    if (!isOurClass(ingress, named, ingressClass, options, report)) return false;
    if (annotated !== undefined && annotated !== named && annotated !== options.ingressClass) {
      const subject = { object: `Ingress ${nameOf(ingress)}`, source: ingress.source, field: "spec.ingressClassName" };
      const problem = `the class is "${named}" here and "${annotated}" in the annotation ${CLASS_ANNOTATION}`;
      report("ClassesDiffer", subject, problem, "remove the annotation");
    }
    return true;
  }
  if (annotated !== undefined) return annotated === options.ingressClass;
  return options.watchIngressWithoutClass || isDefault;
}

function isOurClass(
  ingress: Ingress,
  name: string,
  ingressClass: IngressClass | undefined,
  options: Selecting,
  report: Report,
): boolean {
  if (ingressClass) return ingressClass.controller === options.controller;
  if (name !== options.ingressClass) return false;
  const subject = { object: `Ingress ${nameOf(ingress)}`, source: ingress.source, field: "spec.ingressClassName" };
  const remedy = `create it with spec.controller: ${options.controller}`;
  report("ClassMissing", subject, `there is no IngressClass ${name}; it is taken by its name`, remedy);
  return true;
}
