import { findMaxRoutes, type Permits } from "../../permits/model.ts";
import type { Report, Subject } from "../diagnostics.ts";
import type { IngressClaims } from "../model.ts";
import { buildSubject } from "./claims.ts";
import { findHostFields, formatHostLabel } from "./enforce-permits.ts";

/** The number of routes that each namespace requests. */
export type RouteCounts = ReadonlyMap<string, number>;

/**
 * Drops the claims beyond the route quota of a namespace; the first in the order of the claims stay. A host without
 * paths uses one route, for its unmatched paths. A namespace without any remaining path of a host is not its owner.
 */
export function enforceRouteQuota(
  ingressClaims: readonly IngressClaims[],
  permits: Permits,
  report: Report,
): readonly IngressClaims[] {
  if (permits.limits.length === 0) return ingressClaims;
  const takeRoutes = createRouteCounter(permits, new Map());
  return ingressClaims.map((entry) => {
    const { namespace } = entry.owner.ingress;
    const takeRoute = (label: string, subject: Subject) => {
      const isWithinQuota = takeRoutes(namespace, 1);
      if (isWithinQuota) return true;
      const { problem, remedy } = describeQuota(namespace, label, permits);
      report("RouteQuotaExceeded", subject, problem, remedy);
      return false;
    };
    const claims = entry.claims.filter(({ host, path, subject }) =>
      takeRoute(`path ${path} of ${formatHostLabel(host)}`, { ...subject, field: `${subject.field}.path` }),
    );
    const hostsWithoutPaths = listHostsWithoutPaths(entry).filter((host) =>
      takeRoute(formatHostLabel(host), buildHostSubject(entry, host)),
    );
    const keptHosts = new Set([...claims.map(({ host }) => host), ...hostsWithoutPaths]);
    const hosts = entry.hosts.filter(({ host }) => keptHosts.has(host));
    const isComplete = claims.length === entry.claims.length && hosts.length === entry.hosts.length;
    return isComplete ? entry : { ...entry, claims, hosts };
  });
}

function buildHostSubject({ owner: { ingress } }: IngressClaims, host: string): Subject {
  return buildSubject(ingress, findHostFields(ingress, host)[0] ?? "spec.rules");
}

/** Counts the routes that Ingresses request, by namespace. Returns an empty map if there is no quota. */
export function countRoutes(ingressClaims: readonly IngressClaims[], { limits }: Permits): RouteCounts {
  const routeCounts = new Map<string, number>();
  if (limits.length === 0) return routeCounts;
  for (const entry of ingressClaims) {
    const { namespace } = entry.owner.ingress;
    routeCounts.set(
      namespace,
      (routeCounts.get(namespace) ?? 0) + entry.claims.length + listHostsWithoutPaths(entry).length,
    );
  }
  return routeCounts;
}

/** Returns a function that takes routes from the quota of a namespace, and returns whether enough were left. */
export function createRouteCounter(
  permits: Permits,
  initialCounts: RouteCounts,
): (namespace: string, routes: number) => boolean {
  const routeCounts = new Map(initialCounts);
  return (namespace, routes) => {
    const total = (routeCounts.get(namespace) ?? 0) + routes;
    const maxRoutes = findMaxRoutes(permits, namespace);
    if (maxRoutes !== undefined && total > maxRoutes) return false;
    routeCounts.set(namespace, total);
    return true;
  };
}

/** Returns the diagnostic texts for a route or host `label` that exceeds the quota. */
export function describeQuota(namespace: string, label: string, permits: Permits): { problem: string; remedy: string } {
  const maxRoutes = findMaxRoutes(permits, namespace);
  const problem = `${label} dropped: namespace ${namespace} has reached its quota of ${maxRoutes} routes`;
  const remedy = `remove older routes, or ask your edgress administrator to raise the quota of namespace ${namespace}`;
  return { problem, remedy };
}

function listHostsWithoutPaths({ hosts, claims }: Pick<IngressClaims, "hosts" | "claims">): string[] {
  const hostsWithPaths = new Set(claims.map(({ host }) => host));
  return hosts
    .filter(({ host, permit }) => permit.type === "full" && !hostsWithPaths.has(host))
    .map(({ host }) => host);
}
