import { PLAIN_REQUEST } from "../../../src/match/request-values.ts";
import { buildRouteTable, findRoute, type RouteTable } from "../../../src/match/route-table.ts";
import { compareText } from "../../../src/rules/compare-text.ts";
import { countDeepLabels, listHostCandidates } from "../../../src/rules/hosts.ts";
import { toByteString } from "../../../src/rules/paths.ts";
import { guardPolicyNames } from "../../../src/rules/policies/guard-policies.ts";
import type { PolicySettings } from "../../../src/rules/policies/index.ts";
import type { HostRules, Route } from "../../../src/rules/snapshot.ts";
import { toCanonicalJson } from "../canonical-json.ts";
import { computeMatchKey } from "../match-key.ts";

/**
 * Returns the active rules with the guards of the candidate, so that a guard holds for every client at once. Everything
 * else is as in the active rules: backends, and routes that the candidate adds or removes. A guard that the candidate
 * removes stays. Unchanged hosts are the same objects.
 */
export function withCandidateGuards(
  activeHosts: readonly HostRules[],
  candidateHosts: readonly HostRules[],
): readonly HostRules[] {
  const [active, candidate] = [indexByName(activeHosts), indexByName(candidateHosts)];
  const guardedHosts = activeHosts.map((rules) => addGuards(rules, findServingHost(candidate, rules.host)));
  const shadowedHosts = candidateHosts.flatMap((rules) => {
    // The candidate takes this name from a wildcard. Its guards must hold for the name on the active side too.
    const shadowed = active.has(rules.host) || !hasGuards(rules) ? undefined : findServingHost(active, rules.host);
    return shadowed ? [addGuards({ ...shadowed, host: rules.host }, rules)] : [];
  });
  if (shadowedHosts.length === 0 && guardedHosts.every((rules, index) => rules === activeHosts[index]))
    return activeHosts;
  return [...guardedHosts, ...shadowedHosts].toSorted((a, b) => compareText(a.host, b.host));
}

function indexByName(hosts: readonly HostRules[]): ReadonlyMap<string, HostRules> {
  return new Map(hosts.map((rules) => [rules.host, rules]));
}

/** Returns the host that answers requests for a name: its own, the wildcard's or the catch-all. */
function findServingHost(hosts: ReadonlyMap<string, HostRules>, name: string): HostRules | undefined {
  const isDeep = countDeepLabels(name) > 0; // `*.x` serves only some of the names of `**.x`
  const servingName = listHostCandidates(name).find((key) => hosts.has(key) && !(isDeep && key.startsWith("*.")));
  return servingName === undefined ? undefined : hosts.get(servingName);
}

function hasGuards({ policies, routes }: HostRules): boolean {
  return [policies, ...routes.map((route) => route.policies)].some(
    (settings) => Object.keys(pickGuards(settings)).length > 0,
  );
}

function addGuards(active: HostRules, candidate: HostRules | undefined): HostRules {
  if (!candidate || candidate === active || !hasGuards(candidate)) return active;
  const guarded = mergeHost(active, candidate);
  return toCanonicalJson(guarded) === toCanonicalJson(active) ? active : guarded;
}

/** Regexes and conditions cannot be compared, so a host with other ones comes from the candidate as a whole. */
function mergeHost(active: HostRules, candidate: HostRules): HostRules {
  const [activeTable, candidateTable] = [buildRouteTable(active), buildRouteTable(candidate)];
  const isComparable = activeTable.type === "segments" && candidateTable.type === "segments";
  if (!isComparable && listMatches(activeTable) !== listMatches(candidateTable))
    return { ...candidate, host: active.host };
  const candidateRoutes = new Map(candidate.routes.map((route) => [computeMatchKey(route), route]));
  const routes = active.routes.map((route) => {
    const counterpart = candidateRoutes.get(computeMatchKey(route)) ?? findRouteFor(candidateTable, route);
    return counterpart ? withGuardsOf(route, counterpart) : route;
  });
  const newRoutes = isComparable ? listNewRoutes(activeTable, candidateTable) : [];
  const merged = withGuardsOf(active, candidate);
  return { ...merged, routes: [...routes, ...newRoutes], backends: mergeBackends(active, candidate) };
}

/** With conditions, the order of the list decides which route answers. */
function listMatches({ type, rules }: RouteTable): string {
  const keys = rules.routes.map(computeMatchKey);
  return (type === "ordered" ? keys : keys.toSorted(compareText)).join("\n");
}

/**
 * Returns the new routes of the candidate, with the backend and the policies that the active rules have for their path, and
 * their own guards. None if no guard differs from that of the active path. Otherwise all of them: a new path without a
 * guard must stay open below a new path with one.
 */
function listNewRoutes(activeTable: RouteTable, candidateTable: RouteTable): Route[] {
  const activeMatches = new Set(activeTable.rules.routes.map(computeMatchKey));
  const pairs = candidateTable.rules.routes.flatMap((route) => {
    const activeRoute = activeMatches.has(computeMatchKey(route)) ? undefined : findRouteFor(activeTable, route);
    if (!activeRoute) return [];
    const guardedRoute = withGuardsOf(activeRoute, findRouteFor(candidateTable, activeRoute) ?? activeRoute);
    return [{ guardedRoute, newRoute: withGuardsOf({ ...activeRoute, id: route.id, path: route.path }, route) }];
  });
  const hasNewGuard = pairs.some(({ guardedRoute, newRoute }) => formatGuards(newRoute) !== formatGuards(guardedRoute));
  return hasNewGuard ? pairs.map(({ newRoute }) => newRoute) : [];
}

function formatGuards({ policies }: Route): string {
  return toCanonicalJson(pickGuards(policies));
}

/** Returns the route of a table without conditions for the path of a route. */
function findRouteFor(table: RouteTable, { path }: Route): Route | undefined {
  if (table.type !== "segments" || "pattern" in path) return undefined;
  const result = findRoute(table, toByteString(path.path), PLAIN_REQUEST);
  return typeof result === "string" ? undefined : result.route;
}

function withGuardsOf<T extends { readonly policies: PolicySettings }>(
  active: T,
  candidate: { readonly policies: PolicySettings },
): T {
  return { ...active, policies: { ...active.policies, ...pickGuards(candidate.policies) } };
}

function pickGuards(settings: PolicySettings): PolicySettings {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => guardPolicyNames.has(name)));
}

/** Adds the backends that guards of the candidate name, such as a service that checks clients. */
function mergeBackends(active: HostRules, candidate: HostRules): HostRules["backends"] {
  const guards = [candidate.policies, ...candidate.routes.map(({ policies }) => policies)].map(pickGuards);
  const text = JSON.stringify(guards);
  const named = Object.entries(candidate.backends).filter(([id]) => text.includes(JSON.stringify(id)));
  return { ...Object.fromEntries(named), ...active.backends };
}
