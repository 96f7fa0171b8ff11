import { CATCH_ALL_HOST, listHostCandidates } from "../../../src/rules/hosts.ts";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import type { Memo } from "../../incremental/cache.ts";
import { buildRouteKey, type Claim } from "./claims.ts";
import type { HostGrant } from "./resolve-conflicts.ts";

/**
 * Joins what lies on one host. A host of which all who claim it may have but part goes on serving the rest as if they were
 * not there: as the alias that it is, by the wildcard above it, or by the rules of any host. A host that is named would else
 * take all of its requests from them.
 */
export function mergeSharedHosts(grants: readonly HostGrant[], redirects: readonly HostRules[]): HostGrant[] {
  if (grants.every(hasOwners)) return [...grants];
  const redirectedHosts = new Set(redirects.map(({ host }) => host));
  const ownedGrants = new Map(grants.filter(hasOwners).map((hostGrant) => [hostGrant.host, hostGrant]));
  const partialGrants = new Map(grants.filter((hostGrant) => !hasOwners(hostGrant)).map((plan) => [plan.host, plan]));
  const completeGrant = (host: string): HostGrant | undefined => {
    const [ownedGrant, partialGrant] = [ownedGrants.get(host), partialGrants.get(host)];
    if (!partialGrant || redirectedHosts.has(host)) return partialGrant ?? ownedGrant;
    const restGrant =
      ownedGrant ??
      listParentHosts(host).reduce<HostGrant | undefined>(
        (parentGrant, key) => parentGrant ?? completeGrant(key),
        undefined,
      );
    return restGrant ? mergeHosts(partialGrant, restGrant) : partialGrant;
  };
  return [...new Set([...ownedGrants.keys(), ...partialGrants.keys()])].flatMap((host) => completeGrant(host) ?? []);
}

/** The rules of all hosts. What is sent on of a host is the rest of it, too. */
export function addRedirectHosts(
  compiledRules: readonly HostRules[],
  redirects: readonly HostRules[],
  memo: Memo,
): HostRules[] {
  const redirectsByHost = new Map(redirects.map((redirect) => [redirect.host, redirect]));
  const sharedRedirects = new Set<HostRules>();
  const mergedRules = compiledRules.map((rules) => {
    const redirect = redirectsByHost.get(rules.host);
    if (!redirect) return rules;
    sharedRedirects.add(redirect);
    return memo("redirectedRules", rules, [redirect], () => addRedirectRoute(rules, redirect));
  });
  return [...mergedRules, ...redirects.filter((redirect) => !sharedRedirects.has(redirect))];
}

function addRedirectRoute(rules: HostRules, { policies }: HostRules): HostRules {
  const hasRegex = rules.routes.some(({ path }) => path.type === "regex");
  const path = hasRegex ? ({ type: "regex", pattern: "^" } as const) : ({ type: "prefix", path: "/" } as const);
  return { ...rules, routes: [...rules.routes, { id: "#from-to-www", path, policies }] };
}

function mergeHosts(partialGrant: HostGrant, restGrant: HostGrant): HostGrant {
  const { host } = partialGrant;
  const buildHostRouteKey = (claim: Claim) => buildRouteKey({ ...claim, host });
  const partialKeys = new Set(partialGrant.claims.map(buildHostRouteKey));
  const otherClaims = restGrant.claims.filter((claim) => !partialKeys.has(buildHostRouteKey(claim)));
  const fallbackHost = restGrant.fallbackHost ?? restGrant.host;
  return { host, owners: restGrant.owners, claims: [...partialGrant.claims, ...otherClaims], fallbackHost };
}

function hasOwners({ owners }: HostGrant): boolean {
  return owners.length > 0;
}

/** A wildcard stands for one label, so above it there is only any host. */
function listParentHosts(host: string): string[] {
  if (host === CATCH_ALL_HOST) return [];
  return host.startsWith("*") ? [CATCH_ALL_HOST] : listHostCandidates(host).slice(1);
}
