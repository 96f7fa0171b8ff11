import type { ZoneRecord } from "../../cloudflare/host-records.ts";
import { isOriginless } from "./match-registry.ts";
import type { HostIssueReason, HostSettings } from "./model.ts";
import { buildRoutePattern, findHostRoute, parsePattern } from "./route-patterns.ts";
import { findController, type ZoneView } from "./zone-view.ts";

/** An issue of a name. It becomes an issue of each host that the name serves. */
export interface NameIssue {
  readonly reason: HostIssueReason;
  readonly problem: string;
  readonly remedy: string;
}

/**
 * What a name needs. `present`: its record or route exists, ours or not. `add`: it is added, for an edited one of ours in
 * place of `replaced`. `refused`: it must not be added.
 */
export type NameDecision =
  | { readonly type: "present" | "refused"; readonly issue?: NameIssue }
  | { readonly type: "add"; readonly replaced?: ZoneRecord };

/** Decides about the DNS record of a name. */
export function decideRecord(view: ZoneView, name: string, { drift }: HostSettings): NameDecision {
  const delegation = view.findDelegation(name);
  if (delegation !== undefined) {
    const problem = `${name} is not served: NS records of ${delegation} delegate it to other name servers`;
    return refuse("HostShadowed", problem, `remove the NS records, or add the zone ${delegation} to the account`);
  }
  const foreignRecords = view.findForeign(name);
  if (foreignRecords.length > 0) return decideForeign(name, foreignRecords);
  const owned = view.matched.records.get(name);
  if (owned) {
    if (isOriginless(owned.record)) return { type: "present" };
    if (drift === "repair") return { type: "add", replaced: owned.record };
    const { type, content, proxied } = owned.record;
    const edited = `DNS record ${name} was edited: ${type} ${content}${proxied ? "" : ", not proxied"}`;
    return { type: "present", issue: buildDrift(edited) };
  }
  if (drift === "report" && view.matched.lostRecords.has(name))
    return { type: "refused", issue: buildDrift(`DNS record ${name} was deleted`) };
  if (!view.isExternalDns(name)) return { type: "add" };
  const problem = `${name} has no DNS record, and a TXT record of external-dns reserves it`;
  return refuse("ForeignHostRecord", problem, "let external-dns create it as proxied, or delete the TXT record");
}

/** Decides about a name with records of others. They are never changed. */
function decideForeign(name: string, records: readonly ZoneRecord[]): NameDecision {
  const text = records.map(({ type, content, proxied }) => `${type} ${content}${proxied ? "" : " (not proxied)"}`);
  const controller = records.map(findController).find((name) => name !== undefined);
  if (controller !== undefined) {
    const problem = `${name} is not served: its DNS record belongs to the edgress controller ${controller}`;
    return refuse("ForeignHostRecord", problem, "remove the host from one of the two clusters");
  }
  if (!records.every(({ proxied }) => proxied)) {
    const problem = `${name} is not served: edgress did not create its DNS record ${text.join(", ")}`;
    return refuse("ForeignHostRecord", problem, "proxy the record, or delete it so that edgress creates its own");
  }
  const problem = `${name} is served, but edgress did not create its DNS record ${text.join(", ")}`;
  const remedy = "keep it proxied, or delete it so that edgress creates its own";
  return { type: "present", issue: { reason: "ForeignHostRecord", problem, remedy } };
}

/** Decides about the Workers route of a name. */
export function decideRoute(view: ZoneView, name: string, { drift, script }: HostSettings): NameDecision {
  const pattern = buildRoutePattern(name);
  if (view.matched.routes.has(pattern)) return { type: "present" };
  const existing = view.routes.find((route) => isSamePattern(route.pattern, name));
  if (existing?.script === script) return { type: "present" };
  if (existing) {
    const owner = existing.script === undefined ? "runs no Worker" : `runs the Worker ${existing.script}`;
    const problem = `${name} is not served: the route ${existing.pattern} exists and ${owner}`;
    return refuse("ForeignHostRoute", problem, "delete the route so that edgress creates its own");
  }
  if (drift === "report" && view.matched.lostRoutes.has(pattern))
    return { type: "refused", issue: buildDrift(`Workers route ${pattern} was deleted`) };
  return { type: "add" };
}

function isSamePattern(pattern: string, name: string): boolean {
  const { host, path } = parsePattern(pattern);
  return path === "/*" && host === name;
}

/** Returns the proxied names of others whose requests a wildcard's route would take. */
export function findCapturedNames(view: ZoneView, wildcard: string, hosts: ReadonlySet<string>): string[] {
  const suffix = wildcard.slice(1);
  const names = view.foreignAddresses.filter(({ name, proxied }) => proxied && name.endsWith(suffix)).map(readName);
  const isProtected = (name: string) => {
    const route = findHostRoute(view.routes, name);
    const host = route && parsePattern(route.pattern).host;
    return host !== undefined && (!host.startsWith("*") || host.length > wildcard.length);
  };
  return [...new Set(names)].filter((name) => name !== wildcard && !hosts.has(name) && !isProtected(name));
}

function readName({ name }: ZoneRecord): string {
  return name;
}

function refuse(reason: HostIssueReason, problem: string, remedy: string): NameDecision {
  return { type: "refused", issue: { reason, problem, remedy } };
}

function buildDrift(problem: string): NameIssue {
  return { reason: "HostDrift", problem, remedy: "restore it, or use --host-drift repair" };
}
