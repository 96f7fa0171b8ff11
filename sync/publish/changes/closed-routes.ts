import { compareText } from "../../../src/rules/compare-text.ts";
import { formatMatch } from "../../../src/rules/format-match.ts";
import { findClosure } from "../../../src/rules/policies/read-settings.ts";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import { parseRouteOwner } from "../../../src/rules/storage/route-id.ts";
import { memoize } from "../../incremental/memoize.ts";

/** A route that answers 503, and why. */
export interface ClosedRoute {
  readonly ingress: string; // "namespace/name"
  readonly line: string; // "shop.example.com prefix /cart"
  readonly reason: string;
}

/** Returns the routes that answer every request with 503, sorted. */
export function listClosedRoutes(hosts: readonly HostRules[]): ClosedRoute[] {
  return hosts.flatMap(findClosedRoutes).toSorted((a, b) => compareText(a.line, b.line));
}

/** Returns the closed routes of the Ingresses without any other route, by Ingress. */
export const findClosedIngresses = memoize(
  (hosts: readonly HostRules[]): ReadonlyMap<string, readonly ClosedRoute[]> => {
    const closedRoutes = Map.groupBy(listClosedRoutes(hosts), ({ ingress }) => ingress);
    if (closedRoutes.size === 0) return closedRoutes;
    for (const host of hosts) for (const name of findServingIngresses(host)) closedRoutes.delete(name);
    return closedRoutes;
  },
);

const findClosedRoutes = memoize((rules: HostRules): readonly ClosedRoute[] =>
  rules.routes.flatMap((route) => {
    const reason = findClosure(route.policies, rules.policies);
    if (reason === undefined) return [];
    return [
      { ingress: parseRouteOwner(route.id), line: `${rules.host} ${formatMatch(route.path, route.when)}`, reason },
    ];
  }),
);

const findServingIngresses = memoize((rules: HostRules): readonly string[] => {
  const servingRoutes = rules.routes.filter((route) => findClosure(route.policies, rules.policies) === undefined);
  return [...new Set(servingRoutes.map(({ id }) => parseRouteOwner(id)))];
});
