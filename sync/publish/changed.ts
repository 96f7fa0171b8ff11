import type { HostRules } from "../../src/rules/snapshot.ts";
import { onceEach } from "../once-each.ts";
import { canonical } from "./canonical.ts";
import { type HostChange, hostChanges } from "./host-changes.ts";

/**
 * The Ingresses ("namespace/name") of whose routes something is new or different in `after`: the routes themselves, where
 * their backends are reached, or the policies of their host. Hosts that are the same object are passed over.
 */
export function changedIngresses(before: readonly HostRules[], after: readonly HostRules[]): Set<string> {
  return new Set(hostChanges(before, after).flatMap(changedIn));
}

function changedIn({ before, after }: HostChange): string[] {
  if (!after) return [];
  const routes = before ? routesOf(before) : new Map<string, string>();
  return [...routesOf(after)].flatMap(([id, text]) => (routes.get(id) === text ? [] : [ingressOf(id)]));
}

/** All that makes up each route, by its id. */
function routesOf({ policies, routes, backends }: HostRules): Map<string, string> {
  return new Map(
    routes.map((route) => {
      const backend = route.backend === undefined ? undefined : backends[route.backend];
      return [route.id, canonical({ policies, route, backend })];
    }),
  );
}

/** The Ingresses ("namespace/name") that have a route in some hosts. */
export const routedIn = onceEach((hosts: readonly HostRules[]): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const host of hosts) for (const name of ingressesOf(host)) names.add(name);
  return names;
});

const ingressesOf = onceEach(({ routes }: HostRules) => [...new Set(routes.map(({ id }) => ingressOf(id)))]);

/** `"shop/cart#0.1"` → `"shop/cart"`. */
export function ingressOf(routeId: string): string {
  return routeId.split("#")[0] ?? "";
}
