import { compareText } from "../../../../src/rules/compare-text.ts";
import { CATCH_ALL_HOST } from "../../../../src/rules/hosts.ts";
import type { AttachedRoute, Attachment, ListenerScheme, ServedListener } from "../gateway-compilation.ts";
import {
  findGroup,
  type GroupedNames,
  groupNames,
  listCoveringNames,
  type NameRights,
  SCHEMES,
  toRuleHost,
} from "./listener-groups.ts";

/** A host of the rules that gets the routes of an attachment. */
export interface PlannedHost {
  readonly host: string;
  /** Undefined for both schemes. */
  readonly scheme: ListenerScheme | undefined;
  /** The host is a name of others, below a wildcard of the route. The route owns only the wildcard. */
  readonly isInherited: boolean;
}

/** The hosts of the rules that get the routes of listeners. */
export interface HostPlan {
  /** Returns the hosts of a route, each once if it has its own name. */
  readonly listHosts: (attached: AttachedRoute) => readonly PlannedHost[];
  /** Hosts of listeners without any route. They hide less specific hosts of the same listeners. */
  readonly emptyHosts: readonly string[];
}

/** What a plan depends on, besides listeners and routes. */
export interface PlanContext extends NameRights {
  /**
   * The names of Ingresses that begin with a wildcard: `*.x` of an Ingress covers one label, that of a Gateway any number, so
   * the Ingress's host gets the routes of both.
   */
  readonly ingressHosts: ReadonlySet<string>;
}

/**
 * Assigns host names to listeners. Of each scheme and Gateway, a name belongs to the listener with the most specific
 * hostname that covers it, and there to the most specific name of the routes. Of several Gateways, those with the most
 * specific name of routes share it. So the edge looks up one host, and needs no listeners.
 */
export function planHosts(
  listeners: readonly ServedListener[],
  routes: readonly AttachedRoute[],
  context: PlanContext,
): HostPlan {
  const groupedNames = groupNames(listeners, routes, context);
  const addresses = new Map(listeners.flatMap(({ addressOf, gateway }) => (addressOf ? [[addressOf, gateway]] : [])));
  const names = listAllNames(groupedNames);
  const assigned = new Map<string, Assignment[]>(); // by scheme, group, hostname of the listener and name of the routes
  const emptyHosts: string[] = [];
  for (const [name, places] of findOwnPlaces(names, groupedNames, addresses, context.ingressHosts)) {
    const hosts = listRuleHosts(name, context.ingressHosts);
    if (places.length === 0 && name !== CATCH_ALL_HOST) emptyHosts.push(...hosts);
    for (const { key, routeName } of places) {
      const known = assigned.get(key) ?? [];
      assigned.set(key, known);
      known.push(...hosts.map((host) => ({ host, isInherited: routeName !== name })));
    }
  }
  return { listHosts: (attached) => listRouteHosts(attached, assigned, context), emptyHosts };
}

interface Assignment {
  readonly host: string;
  readonly isInherited: boolean;
}

/** The routes of one name at the listeners of one group. */
interface Place {
  readonly key: string;
  readonly routeName: string;
}

/** Returns the places of each name, except where the next less specific name has the same, so that it can answer. */
function findOwnPlaces(
  names: readonly string[],
  groupedNames: GroupedNames,
  addresses: ReadonlyMap<string, string>,
  ingressHosts: ReadonlySet<string>,
): (readonly [name: string, places: readonly Place[]])[] {
  const placesByName = new Map(
    names.map(
      (name) => [name, SCHEMES.flatMap((scheme) => findPlaces(name, scheme, groupedNames, addresses))] as const,
    ),
  );
  return [...placesByName].filter(([name, places]) => {
    if (ingressHosts.has(name)) return true;
    const [, ...lessSpecific] = listCoveringNames(name);
    const covering = lessSpecific.find((candidate) => placesByName.has(candidate)) ?? "";
    return formatKeys(places) !== formatKeys(placesByName.get(covering) ?? []);
  });
}

function formatKeys(places: readonly Place[]): string {
  return places.map(({ key }) => key).join("\n");
}

/** Returns the places of a name in a scheme. A Gateway's address belongs to its own listeners only. */
function findPlaces(
  name: string,
  scheme: ListenerScheme,
  groupedNames: GroupedNames,
  addresses: ReadonlyMap<string, string>,
): Place[] {
  const candidates = listCoveringNames(name);
  const owner = addresses.get(name);
  const knownGroups = new Set<string>();
  const places: (Place & { readonly rank: number })[] = [];
  for (const hostname of candidates) {
    for (const [group, routeNames] of groupedNames[scheme].get(hostname) ?? []) {
      if (knownGroups.has(group) || !isPartOf(group, owner)) continue;
      knownGroups.add(group);
      const rank = candidates.findIndex((candidate) => routeNames.has(candidate));
      const routeName = candidates[rank];
      if (routeName !== undefined) places.push({ key: buildKey(scheme, group, hostname, routeName), routeName, rank });
    }
  }
  const bestRank = Math.min(...places.map(({ rank }) => rank));
  return places.filter(({ rank }) => rank === bestRank);
}

/** Whether a group belongs to a Gateway. Without a Gateway, every group does. */
function isPartOf(group: string, gateway: string | undefined): boolean {
  return gateway === undefined || group === gateway || group.startsWith(`${gateway} `);
}

function listAllNames(index: GroupedNames): readonly string[] {
  const entries = SCHEMES.flatMap((scheme) => [...index[scheme]]);
  const names = entries.flatMap(([hostname, groups]) => [hostname, ...[...groups.values()].flatMap((set) => [...set])]);
  return [...new Set(names)].toSorted(compareText);
}

/** Returns the hosts of the rules for a name of listeners. */
function listRuleHosts(name: string, ingressHosts: ReadonlySet<string>): string[] {
  return ingressHosts.has(name) ? [toRuleHost(name), name] : [toRuleHost(name)];
}

/** Names that the route's namespace may not claim are listed too, so that the permits report them. */
function listRouteHosts(
  { route, attachments }: AttachedRoute,
  assigned: ReadonlyMap<string, readonly Assignment[]>,
  context: PlanContext,
): PlannedHost[] {
  const hosts = new Map<string, PlannedHost>();
  for (const { listener, hostnames } of attachments) {
    const group = findGroup(listener, context);
    for (const assignment of hostnames.flatMap((name) => listAssignments(route.namespace, name, listener, group))) {
      const key = `${assignment.isInherited} ${assignment.host}`;
      const known = hosts.get(key);
      const isOther = known !== undefined && known.scheme !== listener.scheme;
      hosts.set(key, { ...assignment, scheme: isOther ? undefined : listener.scheme });
    }
  }
  return [...hosts.values()];

  function listAssignments(
    namespace: string,
    name: string,
    { scheme, hostname }: Attachment["listener"],
    group: string,
  ) {
    const host = toRuleHost(name);
    if (!context.mayClaim(namespace, host)) return [{ host, isInherited: false }];
    return assigned.get(buildKey(scheme, group, hostname, name)) ?? [];
  }
}

function buildKey(scheme: ListenerScheme, group: string, listenerHostname: string, routeName: string): string {
  return `${scheme} ${group} ${listenerHostname} ${routeName}`;
}
