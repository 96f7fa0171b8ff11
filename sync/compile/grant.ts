import type { Asked, Claim, Owner } from "./claims.ts";
import type { Report } from "./diagnostic.ts";
import type { Recall } from "./memory.ts";
import { nameOf } from "./select.ts";

/** What a host is made of: who names it, oldest first, and the claims that were granted. */
export interface HostPlan {
  readonly host: string;
  readonly owners: readonly Owner[];
  readonly claims: readonly Claim[];
  /** The host as which it serves what none of its own claims takes, where that is another. */
  readonly restOf?: string;
}

/**
 * Grants claims, host by host: of the same host, path and type the first keeps it, and the others are told who has it.
 * Owners and claims stay the objects that they are: by these a host is known to be as it was.
 */
export function grant(asked: readonly Asked[], recall: Recall): HostPlan[] {
  const owners = new Map<string, Owner[]>();
  for (const { owner, hosts } of asked) {
    for (const host of new Set(hosts)) add(owners, host, owner);
  }
  const holders = new Map<string, Claim>();
  const granted = new Map<string, Claim[]>();
  for (const claim of asked.flatMap(({ claims }) => claims)) {
    const holder = holders.get(claim.route);
    if (holder) {
      recall("taken", claim, [holder], (report) => void reportTaken(claim, holder, report));
      continue;
    }
    holders.set(claim.route, claim);
    add(granted, claim.host, claim);
  }
  // A host may have claims, and nobody who may have it as a whole.
  const hosts = new Set([...owners.keys(), ...granted.keys()]);
  return [...hosts].map((host) => ({ host, owners: owners.get(host) ?? [], claims: granted.get(host) ?? [] }));
}

function add<T>(lists: Map<string, T[]>, host: string, item: T): void {
  const list = lists.get(host);
  if (list) list.push(item);
  else lists.set(host, [item]);
}

function reportTaken(claim: Claim, holder: Claim, report: Report): void {
  const host = claim.host === "*" ? "any host" : `host ${claim.host}`;
  const problem = `${claim.type} path ${claim.path} of ${host} belongs to Ingress ${nameOf(holder.owner.ingress)} already`;
  report("PathTaken", claim.subject, problem, "remove one of the two, or give it another host or path");
}
