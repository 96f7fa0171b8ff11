import { nameOf } from "../../collect/cluster-model.ts";
import type { Report } from "../diagnostics.ts";
import type { Claim, HostGrant, IngressClaims, IngressConfig, Ownership } from "../model.ts";

/** Resolves conflicts: the first claim of a host, path and type becomes a route, and the others are reported. */
export function resolveConflicts(ingressClaims: readonly IngressClaims[], report: Report): Map<string, HostGrant> {
  const hosts = new Map<string, { owners: IngressConfig[]; claims: Claim[] }>();
  const findHost = (host: string) => {
    const known = hosts.get(host) ?? { owners: [], claims: [] };
    if (known.owners.length + known.claims.length === 0) hosts.set(host, known);
    return known;
  };
  const holdersByRouteKey = new Map<string, Claim>();
  for (const { owner, hosts: hostClaims, claims } of ingressClaims) {
    for (const { host, permit } of hostClaims) if (permit.type === "full") findHost(host).owners.push(owner);
    for (const claim of claims) {
      const holder = holdersByRouteKey.get(claim.routeKey);
      if (holder) reportPathConflict(claim, holder, report);
      else {
        holdersByRouteKey.set(claim.routeKey, claim);
        findHost(claim.host).claims.push(claim);
      }
    }
  }
  return new Map(
    [...hosts].map(([host, { owners, claims }]) => {
      const ownership: Ownership =
        owners.length > 0 ? { type: "full", owners } : { type: "paths", fallback: undefined };
      return [host, { host, ownership, claims }];
    }),
  );
}

function reportPathConflict(claim: Claim, holder: Claim, report: Report): void {
  const host = claim.host === "*" ? "any host" : `host ${claim.host}`;
  const problem = `${claim.type} path ${claim.path} of ${host} already belongs to Ingress ${nameOf(holder.owner.ingress)}`;
  report("PathConflict", claim.subject, problem, "remove one of the two, or change its host or path");
}
