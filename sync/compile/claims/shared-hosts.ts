import { CATCH_ALL_HOST, listDeepWildcards, listHostCandidates } from "../../../src/rules/hosts.ts";
import { createPartitionMemo, type PartitionMemo } from "../../incremental/list-memo.ts";
import type { Claim, HostGrant, WholeHostOwnership } from "../model.ts";
import { buildRouteKey } from "./claims.ts";

/** A grant of a whole host: to Ingresses, or to a redirect. */
type WholeGrant = HostGrant & { readonly ownership: WholeHostOwnership };

/**
 * Merges the grants of each host into one. If all namespaces of a host are limited to paths, the other paths are served as
 * if the host had no rules: by its alias or redirect, by the wildcard above it, or by the catch-all host. Without this the
 * host would hide those rules.
 */
export function mergeSharedHosts(
  grants: readonly HostGrant[],
  memo: PartitionMemo<HostGrant> = createPartitionMemo(),
): readonly HostGrant[] {
  const [limited] = memo(grants, (grant) => !isWhole(grant));
  if (limited.length === 0) return grants;
  const wholeGrants = new Map(grants.filter(isWhole).map((grant) => [grant.host, grant]));
  const limitedGrants = new Map(limited.map((grant) => [grant.host, grant]));
  const addFallback = (host: string): HostGrant | undefined => {
    const [wholeGrant, limitedGrant] = [wholeGrants.get(host), limitedGrants.get(host)];
    if (!limitedGrant) return wholeGrant;
    const fallbackGrant =
      wholeGrant ??
      listParentHosts(host).reduce<HostGrant | undefined>((parent, key) => parent ?? addFallback(key), undefined);
    return fallbackGrant ? mergeGrants(limitedGrant, fallbackGrant) : limitedGrant;
  };
  return [...new Set([...wholeGrants.keys(), ...limitedGrants.keys()])].flatMap((host) => addFallback(host) ?? []);
}

function mergeGrants(limitedGrant: HostGrant, fallbackGrant: HostGrant): HostGrant {
  const { host } = limitedGrant;
  const buildHostRouteKey = (claim: Claim) => buildRouteKey({ ...claim, host });
  const limitedKeys = new Set(limitedGrant.claims.map(buildHostRouteKey));
  const otherClaims = fallbackGrant.claims.filter((claim) => !limitedKeys.has(buildHostRouteKey(claim)));
  const fallback = isWhole(fallbackGrant)
    ? { host: fallbackGrant.host, ownership: fallbackGrant.ownership }
    : findFallback(fallbackGrant);
  return { host, ownership: { type: "paths", fallback }, claims: [...limitedGrant.claims, ...otherClaims] };
}

function findFallback({ ownership }: HostGrant) {
  return ownership.type === "paths" ? ownership.fallback : undefined;
}

function isWhole(grant: HostGrant): grant is WholeGrant {
  return grant.ownership.type !== "paths";
}

/** Above `*.x` and `**.x` are wildcards of any number of labels, and the catch-all host. */
function listParentHosts(host: string): string[] {
  if (host === CATCH_ALL_HOST) return [];
  const parents = host.startsWith("*") ? [...listDeepWildcards(host), CATCH_ALL_HOST] : listHostCandidates(host);
  return parents.filter((parent) => parent !== host);
}
