import { CATCH_ALL_HOST, listHostCandidates } from "../../../src/rules/hosts.ts";
import type { Claim, HostGrant, WholeHostOwnership } from "../model.ts";
import { buildRouteKey } from "./claims.ts";

/** A grant whose host some Ingress, or a redirect, owns as a whole. */
type WholeGrant = HostGrant & { readonly ownership: WholeHostOwnership };

/**
 * Merges the grants of each host into one. If all namespaces of a host are limited to paths, the other paths are served as
 * if the host had no rules: by its alias or redirect, by the wildcard above it, or by the catch-all host. Without this the
 * host would hide those rules.
 */
export function mergeSharedHosts(grants: readonly HostGrant[]): HostGrant[] {
  if (grants.every(isWhole)) return [...grants];
  const wholeGrants = new Map(grants.filter(isWhole).map((grant) => [grant.host, grant]));
  const limitedGrants = new Map(grants.filter((grant) => !isWhole(grant)).map((grant) => [grant.host, grant]));
  const complete = (host: string): HostGrant | undefined => {
    const [whole, limited] = [wholeGrants.get(host), limitedGrants.get(host)];
    if (!limited) return whole;
    const rest =
      whole ?? listParentHosts(host).reduce<HostGrant | undefined>((found, key) => found ?? complete(key), undefined);
    return rest ? mergeGrants(limited, rest) : limited;
  };
  return [...new Set([...wholeGrants.keys(), ...limitedGrants.keys()])].flatMap((host) => complete(host) ?? []);
}

function mergeGrants(limited: HostGrant, rest: HostGrant): HostGrant {
  const { host } = limited;
  const buildHostRouteKey = (claim: Claim) => buildRouteKey({ ...claim, host });
  const limitedKeys = new Set(limited.claims.map(buildHostRouteKey));
  const otherClaims = rest.claims.filter((claim) => !limitedKeys.has(buildHostRouteKey(claim)));
  const fallback = isWhole(rest) ? { host: rest.host, ownership: rest.ownership } : findFallback(rest);
  return { host, ownership: { type: "paths", fallback }, claims: [...limited.claims, ...otherClaims] };
}

function findFallback({ ownership }: HostGrant) {
  return ownership.type === "paths" ? ownership.fallback : undefined;
}

function isWhole(grant: HostGrant): grant is WholeGrant {
  return grant.ownership.type !== "paths";
}

/** A wildcard matches one label, so above it is only the catch-all host. */
function listParentHosts(host: string): string[] {
  if (host === CATCH_ALL_HOST) return [];
  return host.startsWith("*") ? [CATCH_ALL_HOST] : listHostCandidates(host).slice(1);
}
