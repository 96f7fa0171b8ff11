import type { HostRules, PathMatch } from "../../../src/rules/snapshot.ts";
import {
  type BlockedRemoval,
  type DeletionLimits,
  guardDeletions,
} from "../../../sync/publish/guard/deletion-guard.ts";

export const LIMITS: DeletionLimits = { maxRemovedHosts: 10, allowMassDeletion: false };

type RouteText = readonly [id: string, type: PathMatch["type"], path: string];

export function buildGuardedHost(name: string, ...routes: readonly RouteText[]): HostRules {
  return {
    host: name,
    policies: {},
    routes: routes.map(([id, type, path]) => ({
      id,
      path: type === "regex" || type === "full-regex" ? { type, pattern: path } : { type, path },
      policies: {},
    })),
    backends: {},
  };
}

/** Returns hosts of one route each. `nameIngress` returns the Ingress of each. */
export function buildSingleRouteHosts(count: number, nameIngress: (index: number) => string): HostRules[] {
  return Array.from({ length: count }, (_, index) =>
    buildGuardedHost(`host-${index}.example.com`, [`default/${nameIngress(index)}#0.0`, "prefix", "/"]),
  );
}

/** Returns the blocked removal of the namespace default. */
export function findBlockedRemoval(
  before: readonly HostRules[],
  after: readonly HostRules[],
  ...approvedIds: readonly string[]
): BlockedRemoval | undefined {
  const { blockedRemovals } = guardDeletions(before, after, LIMITS, new Set(approvedIds));
  return blockedRemovals.find(({ namespace }) => namespace === "default");
}
