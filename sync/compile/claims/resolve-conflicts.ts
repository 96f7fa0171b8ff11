import { createGroupMemo, type GroupMemo } from "../../incremental/group-memo.ts";
import { collectDiagnostics, type Report, type Reported } from "../diagnostics.ts";
import type { Claim, HostGrant, IngressClaims, IngressConfig } from "../model.ts";
import { buildRouteKey, formatOwner } from "./claims.ts";

/** Groups Ingresses by host, and resolves the conflicts of each host. */
export type GrantMemo = GroupMemo<IngressClaims, Reported<HostGrant>>;

export function createGrantMemo(): GrantMemo {
  return createGroupMemo(
    ({ hosts }) => hosts.map(({ host }) => host),
    (host, ingressClaims) => {
      const { value, diagnostics } = collectDiagnostics((report) => resolveConflicts(host, ingressClaims, report));
      return value && { value, diagnostics };
    },
  );
}

/**
 * Resolves the conflicts of a host: of the same path and type the first claim becomes a route, and the others are reported.
 * Returns undefined if no Ingress has a path of the host or owns it.
 */
export function resolveConflicts(
  host: string,
  ingressClaims: readonly IngressClaims[],
  report: Report,
): HostGrant | undefined {
  const named = ingressClaims.filter(({ isInherited }) => !isInherited);
  const owners = listFullOwners(host, named.length > 0 ? named : ingressClaims);
  // If the namespaces of a host are limited to paths, all routes of the wildcard above it are merged later.
  const rivals = owners.length > 0 ? ingressClaims : named;
  const holders = new Map<string, Claim>();
  for (const claim of rivals.flatMap(({ claims }) => claims.filter((candidate) => candidate.host === host))) {
    const routeKey = buildRouteKey(claim);
    const holder = holders.get(routeKey);
    if (!holder) holders.set(routeKey, claim);
    // The specification lets HTTPRoutes have equal matches: the older one gets the requests.
    else if (!holder.httpRoute || !claim.httpRoute) reportPathConflict(claim, holder, report);
  }
  if (owners.length + holders.size === 0) return undefined;
  const ownership = owners.length > 0 ? ({ type: "full", owners } as const) : NO_OWNER;
  return { host, ownership, claims: [...holders.values()] };
}

function listFullOwners(host: string, ingressClaims: readonly IngressClaims[]): IngressConfig[] {
  return ingressClaims
    .filter(({ hosts }) => hosts.some((hostClaim) => hostClaim.host === host && hostClaim.permit.type === "full"))
    .map(({ owner }) => owner);
}

const NO_OWNER = { type: "paths", fallback: undefined } as const;

function reportPathConflict(claim: Claim, holder: Claim, report: Report): void {
  const host = claim.host === "*" ? "any host" : `host ${claim.host}`;
  const describe = (owner: string) => `${claim.type} path ${claim.path} of ${host} already belongs to ${owner}`;
  const problem = describe(formatOwner(holder.owner.ingress));
  const isForeign = holder.owner.ingress.namespace !== claim.owner.ingress.namespace;
  const ownerProblem = isForeign
    ? describe(`an ${holder.owner.ingress.ownerKind ?? "Ingress"} of another namespace`)
    : problem;
  report("PathConflict", claim.subject, problem, "remove one of the two, or change its host or path", ownerProblem);
}
