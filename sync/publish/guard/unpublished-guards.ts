import { compareText } from "../../../src/rules/compare-text.ts";
import { formatMatch } from "../../../src/rules/format-match.ts";
import { guardPolicyNames } from "../../../src/rules/policies/guard-policies.ts";
import { policyNames } from "../../../src/rules/policies/index.ts";
import type { HostRules, Route } from "../../../src/rules/snapshot.ts";
import { parseRouteOwner } from "../../../src/rules/storage/route-id.ts";
import { diffPolicies } from "../changes/diff-policies.ts";
import { computeMatchKey } from "../match-key.ts";
import { diffHosts } from "./host-changes.ts";

/** A published route without a guard that the cluster sets for it. */
export interface UnguardedRoute {
  readonly ingress: string; // "namespace/name"
  readonly line: string; // "shop.example.com prefix /cart"
  readonly policies: readonly string[]; // names
}

/**
 * Returns the published routes that have other guards in `wanted`, sorted. A guard that only `published` has is left out,
 * because it still applies. Whether a changed guard is stricter is not decided.
 */
export function findUnpublishedGuards(
  published: readonly HostRules[],
  wanted: readonly HostRules[],
): readonly UnguardedRoute[] {
  return diffHosts(published, wanted)
    .flatMap(({ before, after }) => (before && after ? findInHost(before, after) : []))
    .toSorted((a, b) => compareText(a.line, b.line));
}

function findInHost(before: HostRules, after: HostRules): UnguardedRoute[] {
  const publishedRoutes = new Map(before.routes.map((route) => [computeMatchKey(route), route]));
  const hostGuards = findChangedGuards(before, after);
  return after.routes.flatMap((route) => {
    const publishedRoute = publishedRoutes.get(computeMatchKey(route));
    if (!publishedRoute) return [];
    const changed = new Set([...hostGuards, ...findChangedGuards(publishedRoute, route)]);
    if (changed.size === 0) return [];
    const policies = policyNames.filter((name) => changed.has(name));
    return [
      { ingress: parseRouteOwner(route.id), line: `${after.host} ${formatMatch(route.path, route.when)}`, policies },
    ];
  });
}

/** Returns the guards of `after` that are absent or different in `before`. */
function findChangedGuards(before: Pick<Route, "policies">, after: Pick<Route, "policies">): string[] {
  return diffPolicies(before.policies, after.policies)
    .map(({ field }) => field.split(".", 1)[0] ?? "")
    .filter((name) => guardPolicyNames.has(name) && name in after.policies);
}
