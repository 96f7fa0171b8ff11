import { nameOf } from "../collect/cluster-model.ts";

/** An object whose routes are published. */
export interface ServedObject {
  readonly kind: "Ingress" | "HTTPRoute";
  readonly namespace: string;
  readonly name: string;
}

/** Returns the object in the ids of its routes: "shop/cart" of an Ingress, "HTTPRoute shop/cart". */
export function formatRouteOwner(object: ServedObject): string {
  return object.kind === "Ingress" ? nameOf(object) : formatSubject(object);
}

/** Returns the object in diagnostics: "Ingress shop/cart". */
export function formatSubject(object: ServedObject): string {
  return `${object.kind} ${nameOf(object)}`;
}
