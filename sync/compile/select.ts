import { compareText } from "../../src/rules/order.ts";
import type { Cluster, Ingress, IngressClass } from "../collect/cluster.ts";
import type { Report } from "./diagnostic.ts";
import type { Options } from "./options.ts";

const CLASS_ANNOTATION = "kubernetes.io/ingress.class";

/** What tells our Ingresses from others'. */
export type Selecting = Pick<Options, "ingressClass" | "controller" | "watchIngressWithoutClass">;

/** Our Ingresses in claim order, so that the order in which objects arrive never matters. */
export function select(cluster: Cluster, options: Selecting, report: Report): Ingress[] {
  const classes = new Map(cluster.classes.map((ingressClass) => [ingressClass.name, ingressClass]));
  return cluster.ingresses.filter((ingress) => isOurs(ingress, classes, options, report)).toSorted(byClaim);
}

/**
 * The oldest first; one without a date is not created yet, so it comes last. Names break ties, downwards: ingress-nginx's
 * order.
 */
export function byClaim(a: Ingress, b: Ingress): number {
  return createdAt(a) - createdAt(b) || compareText(nameOf(b), nameOf(a));
}

export function nameOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}

// After every date, yet a number: infinities cannot be subtracted.
const NOT_CREATED = Number.MAX_SAFE_INTEGER;

function createdAt({ created }: Ingress): number {
  return created === undefined ? NOT_CREATED : Date.parse(created);
}

/** The field counts before the annotation, as in ingress-nginx; with neither, the default class or the option decides. */
function isOurs(
  ingress: Ingress,
  classes: ReadonlyMap<string, IngressClass>,
  options: Selecting,
  report: Report,
): boolean {
  const annotated = ingress.annotations[CLASS_ANNOTATION];
  const named = ingress.className;
  if (named !== undefined) {
    if (!isOurClass(ingress, named, classes, options, report)) return false;
    if (annotated !== undefined && annotated !== named && annotated !== options.ingressClass) {
      const subject = { object: `Ingress ${nameOf(ingress)}`, source: ingress.source, field: "spec.ingressClassName" };
      const problem = `the class is "${named}" here and "${annotated}" in the annotation ${CLASS_ANNOTATION}`;
      report("ClassesDiffer", subject, problem, "remove the annotation");
    }
    return true;
  }
  if (annotated !== undefined) return annotated === options.ingressClass;
  if (options.watchIngressWithoutClass) return true;
  return [...classes.values()].some(({ controller, isDefault }) => isDefault && controller === options.controller);
}

function isOurClass(
  ingress: Ingress,
  name: string,
  classes: ReadonlyMap<string, IngressClass>,
  options: Selecting,
  report: Report,
): boolean {
  const ingressClass = classes.get(name);
  if (ingressClass) return ingressClass.controller === options.controller;
  if (name !== options.ingressClass) return false;
  const subject = { object: `Ingress ${nameOf(ingress)}`, source: ingress.source, field: "spec.ingressClassName" };
  const remedy = `create it with spec.controller: ${options.controller}`;
  report("ClassMissing", subject, `there is no IngressClass ${name}; it is taken by its name`, remedy);
  return true;
}
