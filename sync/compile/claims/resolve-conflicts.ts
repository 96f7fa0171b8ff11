import { nameOf } from "../../collect/cluster-model.ts";
import type { Memo } from "../../incremental/cache.ts";
import { diffLists } from "../../incremental/list-diff.ts";
import type { Report } from "../diagnostics.ts";
import type { Claim, IngressClaims, IngressWithAnnotations } from "./claims.ts";

/** What a host is made of: who names it, oldest first, and the claims that were granted. */
export interface HostGrant {
  readonly host: string;
  readonly owners: readonly IngressWithAnnotations[];
  readonly claims: readonly Claim[];
  /** The host as which it serves what none of its own claims takes, where that is another. */
  readonly fallbackHost?: string;
}

/** What was granted, and of what, for the next round. */
export interface GrantResult {
  readonly ingressClaims: readonly IngressClaims[];
  readonly grants: ReadonlyMap<string, HostGrant>; // by host
  readonly conflicts: readonly Conflict[];
}

/** A claim whose route was granted to another before. */
interface Conflict {
  readonly claim: Claim;
  readonly holder: Claim;
}

/**
 * Grants claims, host by host: of the same host, path and type the first keeps it, and the others are told who has it.
 * Owners and claims stay the objects that they are: by these a host is known to be as it was. After `before` only those
 * hosts are granted anew that are asked for otherwise, and the plans of the others are the same objects.
 */
export function resolveConflicts(
  ingressClaims: readonly IngressClaims[],
  previous: GrantResult | undefined,
  memo: Memo,
): GrantResult {
  const result = previous ? updateGrants(previous, ingressClaims) : { ingressClaims, ...grantClaims(ingressClaims) };
  for (const { claim, holder } of result.conflicts) {
    memo("conflictReport", claim, [holder], (report) => void reportPathConflict(claim, holder, report));
  }
  return result;
}

function updateGrants(previous: GrantResult, ingressClaims: readonly IngressClaims[]): GrantResult {
  const changedHosts = findChangedHosts(previous.ingressClaims, ingressClaims);
  const changes = grantClaims(ingressClaims.flatMap((entry) => restrictToHosts(entry, changedHosts)));
  const grants = new Map(previous.grants);
  for (const host of changedHosts) if (!changes.grants.has(host)) grants.delete(host); // the others keep their places
  for (const [host, grant] of changes.grants) grants.set(host, grant);
  return {
    ingressClaims,
    grants,
    conflicts: [...previous.conflicts.filter(({ claim }) => !changedHosts.has(claim.host)), ...changes.conflicts],
  };
}

/** The hosts of all that is asked in only one of two rounds. What is asked in both is in the same order. */
function findChangedHosts(
  previousClaims: readonly IngressClaims[],
  currentClaims: readonly IngressClaims[],
): Set<string> {
  const { removed, added } = diffLists(previousClaims, currentClaims);
  return new Set([...removed, ...added].flatMap(({ hosts, claims }) => [...hosts, ...claims.map(({ host }) => host)]));
}

/** Of what an Ingress asks for, what is of some hosts. */
function restrictToHosts({ owner, hosts, claims }: IngressClaims, hostFilter: ReadonlySet<string>): IngressClaims[] {
  if (!hosts.some((host) => hostFilter.has(host)) && !claims.some(({ host }) => hostFilter.has(host))) return [];
  return [
    {
      owner,
      hosts: hosts.filter((host) => hostFilter.has(host)),
      claims: claims.filter(({ host }) => hostFilter.has(host)),
    },
  ];
}

function grantClaims(ingressClaims: readonly IngressClaims[]): Pick<GrantResult, "grants" | "conflicts"> {
  const ownersByHost = new Map<string, IngressWithAnnotations[]>();
  for (const { owner, hosts } of ingressClaims) {
    for (const host of new Set(hosts)) appendTo(ownersByHost, host, owner);
  }
  const holdersByRouteKey = new Map<string, Claim>();
  const claimsByHost = new Map<string, Claim[]>();
  const conflicts: Conflict[] = [];
  for (const claim of ingressClaims.flatMap(({ claims }) => claims)) {
    const holder = holdersByRouteKey.get(claim.routeKey);
    if (holder) conflicts.push({ claim, holder });
    else {
      holdersByRouteKey.set(claim.routeKey, claim);
      appendTo(claimsByHost, claim.host, claim);
    }
  }
  // A host may have claims, and nobody who may have it as a whole.
  const hosts = new Set([...ownersByHost.keys(), ...claimsByHost.keys()]);
  const buildGrant = (host: string): HostGrant => ({
    host,
    owners: ownersByHost.get(host) ?? [],
    claims: claimsByHost.get(host) ?? [],
  });
  return { grants: new Map([...hosts].map((host) => [host, buildGrant(host)])), conflicts };
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
