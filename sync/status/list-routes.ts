import { formatMatch } from "../../src/rules/format-match.ts";
import { formatTarget, listTargets, type RouteTarget } from "../../src/rules/policies/route-target.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { parseRouteOwner } from "../../src/rules/storage/route-id.ts";

/** Formats the routes of an Ingress or HTTPRoute: "shop.example.com prefix /cart -> shop/cart:80". */
export function listRoutes(owner: string, hosts: readonly HostRules[]): string[] {
  return hosts.flatMap(({ host, policies, routes }) =>
    routes
      .filter(({ id }) => parseRouteOwner(id) === owner)
      .map((route) => {
        const targets = listTargets(route, policies).map(formatTarget);
        return `${host} ${formatMatch(route.path, route.when)} -> ${targets.join(", ")}`;
      }),
  );
}

/** Returns the owners of routes whose every path returns 500 or 503, with these statuses: "503", "500 or 503". */
export function findFailingOwners(hosts: readonly HostRules[]): ReadonlyMap<string, string> {
  const statuses = new Map<string, Set<number>>(); // with 0 for a route that works
  for (const { policies, routes } of hosts) {
    for (const route of routes) {
      const owner = parseRouteOwner(route.id);
      const seen = statuses.get(owner) ?? new Set();
      statuses.set(owner, seen);
      for (const target of listTargets(route, policies)) seen.add(isFailure(target) ? target.status : 0);
    }
  }
  const failing = [...statuses].filter(([owner, seen]) => owner !== "" && !seen.has(0));
  return new Map(failing.map(([owner, seen]) => [owner, [...seen].toSorted().join(" or ")]));
}

function isFailure(target: RouteTarget): target is RouteTarget & { readonly type: "status" } {
  return target.type === "status" && target.status >= 500;
}
