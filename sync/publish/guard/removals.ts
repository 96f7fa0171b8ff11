import { compareText } from "../../../src/rules/compare-text.ts";
import { formatMatch } from "../../../src/rules/format-match.ts";
import type { HostRules, PathMatch } from "../../../src/rules/snapshot.ts";
import { parseNamespace, parseRouteOwner } from "../../../src/rules/storage/route-id.ts";
import { computeMatchKey } from "../match-key.ts";
import { diffHosts, type HostChange } from "./host-changes.ts";

/** Routes and hosts that a publication would remove. */
export interface Removal {
  readonly routes: readonly RemovedRoute[]; // sorted by line
  readonly hosts: readonly LostHost[]; // sorted by host
}

export interface RemovedRoute {
  readonly namespace: string;
  readonly ingress: string; // "namespace/name"
  readonly host: string;
  readonly id: string;
  readonly line: string; // for display: "shop.example.com prefix /cart of default/shop#0.1"
}

/** A host on which a namespace loses its last route. Routes of other namespaces may remain. */
export interface LostHost {
  readonly namespace: string;
  readonly host: string;
}

/**
 * Returns the routes of `before` whose host, path and conditions are not in `after`. A route that still exists, but answers
 * differently, even with 503, is not removed. Hosts with the same rules object are skipped.
 */
export function diffRemovals(before: readonly HostRules[], after: readonly HostRules[]): Removal {
  const removals = diffHosts(before, after).map(findHostRemoval);
  return {
    routes: removals.flatMap(({ routes }) => routes).toSorted((a, b) => compareText(a.line, b.line)),
    hosts: removals.flatMap(({ hosts }) => hosts).toSorted((a, b) => compareText(a.host, b.host)),
  };
}

/** Counts the routes of hosts. */
export function countHostRoutes(hosts: readonly HostRules[]): number {
  return hosts.reduce((sum, { routes }) => sum + routes.length, 0);
}

function findHostRemoval({ before, after }: HostChange): Removal {
  if (!before) return { routes: [], hosts: [] };
  const routes = findRemovedRoutes(before, after);
  const remainingNamespaces = new Set(after?.routes.map(({ id }) => parseNamespace(id)));
  const namespaces = [...new Set(routes.map(({ namespace }) => namespace))];
  const lostNamespaces = namespaces.filter((namespace) => !remainingNamespaces.has(namespace));
  return { routes, hosts: lostNamespaces.map((namespace) => ({ namespace, host: before.host })) };
}

function findRemovedRoutes({ host, routes }: HostRules, after: HostRules | undefined): RemovedRoute[] {
  const matchKeys = new Set(after?.routes.map(computeMatchKey));
  const routesById = new Map(after?.routes.map((route) => [route.id, route]));
  return routes
    .filter(
      (route) =>
        parseRouteOwner(route.id) !== "" &&
        !matchKeys.has(computeMatchKey(route)) &&
        !isRegexChange(route.path, routesById.get(route.id)?.path),
    )
    .map(({ id, path, when }) => ({
      namespace: parseNamespace(id),
      ingress: parseRouteOwner(id),
      host,
      id,
      line: `${host} ${formatMatch(path, when)} of ${id}`,
    }));
}

/** Whether a route became a regex or stopped being one. One regex turns all paths of its host into regexes. */
function isRegexChange(before: PathMatch, after: PathMatch | undefined): boolean {
  return after !== undefined && (before.type === "regex") !== (after.type === "regex");
}
