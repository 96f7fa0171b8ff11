import { nameOf } from "../../collect/cluster-model.ts";
import type { Report } from "../diagnostics.ts";
import type { Claim, HostGrant, IngressClaims, IngressConfig, Ownership } from "../model.ts";

/** Resolves conflicts: of the same host, path and type the first claim becomes a route, and the others are reported. */
export function resolveConflicts(ingressClaims: readonly IngressClaims[], report: Report): Map<string, HostGrant> {
  const ownersByHost = groupOwners(ingressClaims);
  const holdersByRouteKey = new Map<string, Claim>();
  const claimsByHost = new Map<string, Claim[]>();
  for (const claim of ingressClaims.flatMap(({ claims }) => claims)) {
    const holder = holdersByRouteKey.get(claim.routeKey);
    if (holder) reportPathConflict(claim, holder, report);
    else {
      holdersByRouteKey.set(claim.routeKey, claim);
      appendTo(claimsByHost, claim.host, claim);
    }
  }
  const hosts = new Set([...ownersByHost.keys(), ...claimsByHost.keys()]);
  return new Map(
    [...hosts].map((host) => {
      const owners = ownersByHost.get(host);
      const ownership: Ownership = owners ? { type: "full", owners } : { type: "paths", fallback: undefined };
      return [host, { host, ownership, claims: claimsByHost.get(host) ?? [] }];
    }),
  );
}

/** The Ingresses that may claim all of a host, by host. */
function groupOwners(ingressClaims: readonly IngressClaims[]): ReadonlyMap<string, readonly IngressConfig[]> {
  const ownersByHost = new Map<string, IngressConfig[]>();
  for (const { owner, hosts } of ingressClaims) {
    for (const { host, permit } of hosts) if (permit.type === "full") appendTo(ownersByHost, host, owner);
  }
  return ownersByHost;
}

function appendTo<T>(lists: Map<string, T[]>, host: string, item: T): void {
  const list = lists.get(host);
  if (list) list.push(item);
  else lists.set(host, [item]);
}

function reportPathConflict(claim: Claim, holder: Claim, report: Report): void {
  const host = claim.host === "*" ? "any host" : `host ${claim.host}`;
  const problem = `${claim.type} path ${claim.path} of ${host} belongs to Ingress ${nameOf(holder.owner.ingress)} already`;
  report("PathConflict", claim.subject, problem, "remove one of the two, or give it another host or path");
}
