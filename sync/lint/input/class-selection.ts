import type { Cluster } from "../../collect/cluster-model.ts";
import { type ClassSelector, findClassOf, selectIngresses } from "../../compile/select/ingress-class.ts";

/** The classes of a controller, by the value of `--from`. */
const CLASSES_BY_CONTROLLER = {
  "ingress-nginx": { ingressClass: "nginx", controller: "k8s.io/ingress-nginx", watchIngressWithoutClass: true },
  edgress: {
    ingressClass: "edgress",
    controller: "edgress.dev/ingress-controller",
    watchIngressWithoutClass: false,
  },
} as const satisfies Record<string, ClassSelector>;

export type SourceController = keyof typeof CLASSES_BY_CONTROLLER;

/** Whether IngressClasses of a controller have class defaults of edgress. */
export function isOwnController(controller: string | undefined): boolean {
  return controller?.startsWith("edgress.dev/") ?? false;
}

/** The class options as given. */
export interface ClassOptions {
  readonly from: SourceController;
  readonly ingressClass?: string | undefined;
  readonly controller?: string | undefined;
  readonly watchIngressWithoutClass?: boolean | undefined;
}

/** Returns the controller of our GatewayClasses. No HTTPRoute is to be moved from ingress-nginx, which serves none. */
export function resolveGatewayController({ from, controller }: ClassOptions): string {
  const ownController = CLASSES_BY_CONTROLLER.edgress.controller;
  return from === "edgress" ? (controller ?? ownController) : ownController;
}

/** Returns the selected classes. Ingresses without a class belong to ingress-nginx unless a class is set. */
export function resolveClassSelector(options: ClassOptions): ClassSelector {
  const defaults = CLASSES_BY_CONTROLLER[options.from];
  const isExplicit = options.ingressClass !== undefined || options.controller !== undefined;
  return {
    ingressClass: options.ingressClass ?? defaults.ingressClass,
    controller: options.controller ?? defaults.controller,
    watchIngressWithoutClass: options.watchIngressWithoutClass ?? (!isExplicit && defaults.watchIngressWithoutClass),
  };
}

/** Ingresses, or Gateways and their HTTPRoutes, of a class that is not selected. */
export interface SkippedClass {
  readonly kind: "IngressClass" | "GatewayClass";
  readonly name: string | undefined; // undefined for objects without a class
  readonly controller: string | undefined; // of the class, if it is known
  readonly count: number;
}

/** Counts the skipped Ingresses by class, the largest class first. */
export function listSkippedClasses(cluster: Cluster, selector: ClassSelector): SkippedClass[] {
  const selectedIngresses = new Set(selectIngresses(cluster, selector));
  const skippedIngresses = cluster.ingresses.filter((ingress) => !selectedIngresses.has(ingress));
  const names = skippedIngresses.map(findClassOf);
  return [...new Set(names)]
    .map((name) => ({
      kind: "IngressClass" as const,
      name,
      controller: cluster.classes.find((ingressClass) => ingressClass.name === name)?.controller,
      count: names.filter((candidate) => candidate === name).length,
    }))
    .toSorted((a, b) => b.count - a.count);
}

/** Formats skipped classes: `traefik (3), no class (1), GatewayClass istio (2)`. */
export function formatSkippedClasses(classes: readonly SkippedClass[]): string {
  return classes.map((skipped) => `${formatClassName(skipped)} (${skipped.count})`).join(", ");
}

function formatClassName({ kind, name }: SkippedClass): string {
  if (kind === "IngressClass") return name ?? "no class";
  return name === undefined ? "routes without a Gateway" : `GatewayClass ${name}`;
}

/** Returns the options that select a class. */
export function formatClassOptions({ kind, name, controller }: SkippedClass): string {
  if (kind === "GatewayClass") return `--from edgress --controller ${controller ?? "NAME"}`;
  if (name === undefined) return "--watch-ingress-without-class";
  return `--ingress-class ${name}${controller === undefined ? "" : ` --controller ${controller}`}`;
}
