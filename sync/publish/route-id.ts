import type { Route } from "../../src/rules/snapshot.ts";

/** Returns the Ingress in a route's id: `"shop/cart#0.1"` → `"shop/cart"`. */
export function parseIngressName(id: Route["id"]): string {
  return id.split("#", 1)[0] ?? "";
}
