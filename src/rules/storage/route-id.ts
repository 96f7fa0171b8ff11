import type { Route } from "../snapshot.ts";

// The id of a route is its object and its position there: "shop/cart#0.1" of an Ingress, "HTTPRoute shop/cart#0.1".

const HTTP_ROUTE = "HTTPRoute ";

/** Returns the object in a route's id: `"shop/cart#0.1"` → `"shop/cart"`, `"HTTPRoute shop/cart#0.1"` → `"HTTPRoute shop/cart"`. */
export function parseRouteOwner(id: Route["id"]): string {
  return id.split("#", 1)[0] ?? "";
}

/** Whether the owner of a route is an HTTPRoute, and not an Ingress. */
export function isHttpRouteOwner(owner: string): boolean {
  return owner.startsWith(HTTP_ROUTE);
}

/** Returns the namespace in the id of a route, its owner or a backend: `"HTTPRoute shop/cart#0.1"` → `"shop"`. */
export function parseNamespace(id: Route["id"]): string {
  const [name = ""] = parseRouteOwner(id).split("/", 1);
  return name.slice(name.indexOf(" ") + 1);
}

/** Returns the name of the object in a route's id: `"HTTPRoute shop/cart#0.1"` → `"cart"`. */
export function parseOwnerName(id: Route["id"]): string {
  const owner = parseRouteOwner(id);
  const slash = owner.indexOf("/");
  return slash === -1 ? "" : owner.slice(slash + 1);
}
