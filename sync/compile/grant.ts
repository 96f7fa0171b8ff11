import { differences } from "../differences.ts";
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

/** What was granted, and of what, for the next round. */
export interface Grants {
  readonly asked: readonly Asked[];
  readonly plans: ReadonlyMap<string, HostPlan>; // by host
  readonly taken: readonly Taken[];
}

/** A claim whose route was granted to another before. */
interface Taken {
  readonly claim: Claim;
  readonly holder: Claim;
}

/**
 * Grants claims, host by host: of the same host, path and type the first keeps it, and the others are told who has it.
 * Owners and claims stay the objects that they are: by these a host is known to be as it was. After `before` only those
 * hosts are granted anew that are asked for otherwise, and the plans of the others are the same objects.
 */
export function grant(asked: readonly Asked[], before: Grants | undefined, recall: Recall): Grants {
  const granted = before ? grantAfter(before, asked) : { asked, ...grantAll(asked) };
  for (const { claim, holder } of granted.taken) {
    recall("taken", claim, [holder], (report) => void reportTaken(claim, holder, report));
  }
  return granted;
}

function grantAfter(before: Grants, asked: readonly Asked[]): Grants {
  const hosts = hostsAskedOtherwise(before.asked, asked);
  const anew = grantAll(asked.flatMap((one) => restricted(one, hosts)));
  const plans = new Map(before.plans);
  for (const host of hosts) if (!anew.plans.has(host)) plans.delete(host); // the others keep their places
  for (const [host, plan] of anew.plans) plans.set(host, plan);
  return { asked, plans, taken: [...before.taken.filter(({ claim }) => !hosts.has(claim.host)), ...anew.taken] };
}

/** The hosts of all that is asked in only one of two rounds. What is asked in both is in the same order. */
function hostsAskedOtherwise(before: readonly Asked[], now: readonly Asked[]): Set<string> {
  const { gone, fresh } = differences(before, now);
  return new Set([...gone, ...fresh].flatMap(({ hosts, claims }) => [...hosts, ...claims.map(({ host }) => host)]));
}

/** Of what an Ingress asks for, what is of some hosts. */
function restricted({ owner, hosts, claims }: Asked, to: ReadonlySet<string>): Asked[] {
  if (!hosts.some((host) => to.has(host)) && !claims.some(({ host }) => to.has(host))) return [];
  return [{ owner, hosts: hosts.filter((host) => to.has(host)), claims: claims.filter(({ host }) => to.has(host)) }];
}

function grantAll(asked: readonly Asked[]): Pick<Grants, "plans" | "taken"> {
  const owners = new Map<string, Owner[]>();
  for (const { owner, hosts } of asked) {
    for (const host of new Set(hosts)) add(owners, host, owner);
  }
  const holders = new Map<string, Claim>();
  const granted = new Map<string, Claim[]>();
  const taken: Taken[] = [];
  for (const claim of asked.flatMap(({ claims }) => claims)) {
    const holder = holders.get(claim.route);
    if (holder) taken.push({ claim, holder });
    else {
      holders.set(claim.route, claim);
      add(granted, claim.host, claim);
    }
  }
  // A host may have claims, and nobody who may have it as a whole.
  const hosts = new Set([...owners.keys(), ...granted.keys()]);
  const plan = (host: string): HostPlan => ({ host, owners: owners.get(host) ?? [], claims: granted.get(host) ?? [] });
  return { plans: new Map([...hosts].map((host) => [host, plan(host)])), taken };
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
