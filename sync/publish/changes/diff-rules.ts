import { compareText } from "../../../src/rules/compare-text.ts";
import { formatMatch } from "../../../src/rules/format-match.ts";
import type { Backend, HostRules, Route } from "../../../src/rules/snapshot.ts";
import { parseRouteOwner } from "../../../src/rules/storage/route-id.ts";
import { diffHosts, type HostChange } from "../guard/host-changes.ts";
import { buildFieldChange, diffPolicies, type FieldChange } from "./diff-policies.ts";

export type ChangeType = "added" | "changed" | "removed";

/** The difference of one host between two snapshots. */
export interface HostDiff {
  readonly change: ChangeType;
  readonly host: string;
  readonly fields: readonly FieldChange[]; // policies of the host
  readonly routes: readonly RouteDiff[]; // sorted by match
}

/** The difference of one route. */
export interface RouteDiff {
  readonly change: ChangeType;
  readonly match: string; // "prefix /cart"
  readonly ingress: string; // "namespace/name"; empty for a route of edgress
  readonly fields: readonly FieldChange[];
}

/** Returns the differences between two lists of hosts, sorted by host. Hosts with equal answers are left out. */
export function diffRules(before: readonly HostRules[], after: readonly HostRules[]): HostDiff[] {
  return diffHosts(before, after)
    .map(diffHost)
    .filter(({ change, fields, routes }) => change !== "changed" || fields.length + routes.length > 0)
    .toSorted((a, b) => compareText(a.host, b.host));
}

function diffHost({ before, after }: HostChange): HostDiff {
  return {
    change: findChangeType(before, after),
    host: (after ?? before)?.host ?? "",
    fields: diffPolicies(before?.policies, after?.policies),
    routes: diffRoutes(before, after),
  };
}

function diffRoutes(before: HostRules | undefined, after: HostRules | undefined): RouteDiff[] {
  const [previous, current] = [indexRoutes(before), indexRoutes(after)];
  const matches = new Set([...previous.keys(), ...current.keys()]);
  return [...matches]
    .map((match) => diffRoute(match, previous.get(match), current.get(match)))
    .filter(({ change, fields }) => change !== "changed" || fields.length > 0)
    .toSorted((a, b) => compareText(a.match, b.match));
}

interface RouteOfHost {
  readonly route: Route;
  readonly host: HostRules;
}

function indexRoutes(host: HostRules | undefined): ReadonlyMap<string, RouteOfHost> {
  return new Map(host?.routes.map((route) => [formatMatch(route.path, route.when), { route, host }]));
}

function diffRoute(match: string, before: RouteOfHost | undefined, after: RouteOfHost | undefined): RouteDiff {
  const change = findChangeType(before, after);
  const fields = [
    ...diffValues(change, listValues(before), listValues(after)),
    ...diffPolicies(before?.route.policies, after?.route.policies),
  ];
  return { change, match, ingress: parseRouteOwner((after ?? before)?.route.id ?? ""), fields };
}

function findChangeType(before: unknown, after: unknown): ChangeType {
  if (before === undefined) return "added";
  return after === undefined ? "removed" : "changed";
}

/** Returns the values of a route besides its policies: its Ingress, its backend, and the addresses that it can use. */
function listValues(entry: RouteOfHost | undefined): ReadonlyMap<string, string> {
  if (!entry) return new Map();
  const { route, host } = entry;
  const names = JSON.stringify([route.backend, route.policies, host.policies]); // policies can name further backends
  const usedBackends = Object.entries(host.backends).filter(([id]) => names.includes(JSON.stringify(id)));
  const ingress = parseRouteOwner(route.id);
  return new Map([
    ...(ingress === "" ? [] : [["ingress", ingress] as const]),
    ...(route.backend === undefined ? [] : [["backend", route.backend] as const]),
    ...usedBackends.map(([id, backend]) => [`addresses of ${id}`, formatAddresses(backend)] as const),
  ]);
}

function formatAddresses({ scheme, port, addresses }: Backend): string {
  return `${scheme} port ${port}: ${addresses.map(({ address }) => address).join(", ")}`;
}

function diffValues(
  change: ChangeType,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): FieldChange[] {
  const fields = [...new Set([...before.keys(), ...after.keys()])];
  return fields
    .filter((field) => before.get(field) !== after.get(field))
    .filter((field) => field !== "ingress" || change === "changed") // a new route names its Ingress itself
    .map((field) => buildFieldChange(field, before.get(field), after.get(field)));
}
