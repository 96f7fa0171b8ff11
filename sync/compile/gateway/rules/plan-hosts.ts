import { compareText } from "../../../../src/rules/compare-text.ts";
import { CATCH_ALL_HOST } from "../../../../src/rules/hosts.ts";
import type { AttachedRoute, Attachment, ListenerScheme, ServedListener } from "../gateway-compilation.ts";

/** A host of the rules that gets the routes of an attachment. */
export interface PlannedHost {
  readonly host: string;
  /** Undefined for both schemes. */
  readonly scheme: ListenerScheme | undefined;
}

/** The hosts of the rules that get the routes of listeners. */
export interface HostPlan {
  /** Returns the hosts of a route, each once. */
  readonly listHosts: (attachments: readonly Attachment[]) => readonly PlannedHost[];
  /** Hosts of listeners without any route. They hide less specific hosts of the same listeners. */
  readonly emptyHosts: readonly string[];
}

const SCHEMES = ["http", "https"] as const;

/**
 * Assigns host names to listeners: of each scheme, a name belongs to the listener with the most specific hostname that covers
 * it, and there to the most specific name of the routes. So the edge looks up one host, and needs no listeners.
 * `ingressHosts` are the names of Ingresses that begin with a wildcard: `*.x` of an Ingress covers one label, that of a
 * Gateway any number, so the Ingress's host gets the routes of both.
 */
export function planHosts(
  listeners: readonly ServedListener[],
  routes: readonly AttachedRoute[],
  ingressHosts: ReadonlySet<string>,
): HostPlan {
  const attachedNames = indexAttachedNames(listeners, routes);
  const names = listAllNames(attachedNames);
  const assigned = new Map<string, string[]>(); // hosts by scheme, hostname of the listener and name of the routes
  const servedNames = new Set<string>();
  for (const scheme of SCHEMES) {
    for (const name of names) {
      const candidates = listCoveringNames(name);
      const listenerHostname = candidates.find((candidate) => attachedNames[scheme].has(candidate));
      const routeNames = listenerHostname === undefined ? undefined : attachedNames[scheme].get(listenerHostname);
      const routeName = candidates.find((candidate) => routeNames?.has(candidate));
      if (listenerHostname === undefined || routeName === undefined) continue;
      servedNames.add(name);
      addHosts(assigned, buildKey(scheme, listenerHostname, routeName), listRuleHosts(name, ingressHosts));
    }
  }
  return {
    listHosts: (attachments) => mergeSchemes(attachments, assigned),
    emptyHosts: names
      .filter((name) => name !== CATCH_ALL_HOST && !servedNames.has(name))
      .flatMap((name) => listRuleHosts(name, ingressHosts)),
  };
}

function addHosts(assigned: Map<string, string[]>, key: string, hosts: readonly string[]): void {
  const known = assigned.get(key);
  if (known) known.push(...hosts);
  else assigned.set(key, [...hosts]);
}

/** By the hostname of a listener: the names of the routes that it takes. */
type AttachedNames = Readonly<Record<ListenerScheme, Map<string, Set<string>>>>;

function indexAttachedNames(listeners: readonly ServedListener[], routes: readonly AttachedRoute[]): AttachedNames {
  const index: AttachedNames = { http: new Map(), https: new Map() };
  for (const { scheme, hostname } of listeners) index[scheme].set(hostname, new Set());
  for (const { listener, hostnames } of routes.flatMap(({ attachments }) => attachments)) {
    const names = index[listener.scheme].get(listener.hostname);
    for (const name of hostnames) names?.add(name);
  }
  return index;
}

function listAllNames(index: AttachedNames): readonly string[] {
  const entries = SCHEMES.flatMap((scheme) => [...index[scheme]]);
  return [...new Set(entries.flatMap(([hostname, names]) => [hostname, ...names]))].toSorted(compareText);
}

/** Returns the names that cover a name, the most specific first: "a.x.io" → "a.x.io", "*.x.io", "*.io", "*". */
export function listCoveringNames(name: string): string[] {
  if (name === CATCH_ALL_HOST) return [name];
  const labels = name.split(".").slice(1);
  return [name, ...labels.map((_, index) => `*.${labels.slice(index).join(".")}`), CATCH_ALL_HOST].filter(
    (candidate, index) => index === 0 || candidate !== name,
  );
}

/** Returns the hosts of the rules for a name of listeners. */
function listRuleHosts(name: string, ingressHosts: ReadonlySet<string>): string[] {
  if (!name.startsWith("*.")) return [name];
  return ingressHosts.has(name) ? [`*${name}`, name] : [`*${name}`];
}

function mergeSchemes(attachments: readonly Attachment[], assigned: ReadonlyMap<string, readonly string[]>) {
  const schemes = new Map<string, ListenerScheme | undefined>();
  for (const { listener, hostnames } of attachments) {
    const keys = hostnames.map((name) => buildKey(listener.scheme, listener.hostname, name));
    for (const host of keys.flatMap((key) => assigned.get(key) ?? [])) {
      const isOther = schemes.has(host) && schemes.get(host) !== listener.scheme;
      schemes.set(host, isOther ? undefined : listener.scheme);
    }
  }
  return Array.from(schemes, ([host, scheme]) => ({ host, scheme }));
}

function buildKey(scheme: ListenerScheme, listenerHostname: string, routeName: string): string {
  return `${scheme} ${listenerHostname} ${routeName}`;
}
