import type { Route } from "../../src/rules/snapshot.ts";

/** Returns the object in a route's id: `"shop/cart#0.1"` → `"shop/cart"`, `"HTTPRoute shop/cart#0.1"` → `"HTTPRoute shop/cart"`. */
export function parseIngressName(id: Route["id"]): string {
  return id.split("#", 1)[0] ?? "";
}

/** Returns the namespace in a route's id: `"HTTPRoute shop/cart#0.1"` → `"shop"`. */
export function parseNamespace(id: Route["id"]): string {
  const [name = ""] = parseIngressName(id).split("/", 1);
  return name.slice(name.indexOf(" ") + 1);
}
