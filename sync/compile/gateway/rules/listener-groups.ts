import { CATCH_ALL_HOST } from "../../../../src/rules/hosts.ts";
import type { AttachedRoute, ListenerScheme, ServedListener } from "../gateway-compilation.ts";

/** Which namespaces may have a name of listeners. */
export interface NameRights {
  /** Whether a namespace may claim at least a path of a host. */
  readonly mayClaim: (namespace: string, host: string) => boolean;
  /** Whether a ListenerSet of the namespace may hide a host of the Gateway's other listeners. */
  readonly mayHide: (namespace: string, host: string) => boolean;
}

export const SCHEMES = ["http", "https"] as const;

/** The names of the routes of each group of listeners, by the hostname of a listener. */
export type GroupedNames = Readonly<Record<ListenerScheme, ReadonlyMap<string, ReadonlyMap<string, Set<string>>>>>;

/**
 * Returns the group of a listener. A more specific listener hides the less specific ones of its group: those of one
 * Gateway, with its ListenerSets. A Gateway without consent of another one must not hide its names.
 */
export function findGroup({ gateway, owner, hostname }: ServedListener, { mayHide }: NameRights): string {
  const [, namespace] = /^ListenerSet ([^/]+)\//.exec(owner) ?? [];
  return namespace === undefined || mayHide(namespace, toRuleHost(hostname)) ? gateway : `${gateway} ${owner}`;
}

/** Returns the names of routes by group. Names that a route's namespace may not claim are left out, so they hide nothing. */
export function groupNames(
  listeners: readonly ServedListener[],
  routes: readonly AttachedRoute[],
  rights: NameRights,
): GroupedNames {
  const index = {
    http: new Map<string, Map<string, Set<string>>>(),
    https: new Map<string, Map<string, Set<string>>>(),
  };
  for (const listener of listeners) {
    const groups = index[listener.scheme].get(listener.hostname) ?? new Map<string, Set<string>>();
    index[listener.scheme].set(listener.hostname, groups.set(findGroup(listener, rights), new Set()));
  }
  for (const { route, attachments } of routes) {
    for (const { listener, hostnames } of attachments) {
      const names = index[listener.scheme].get(listener.hostname)?.get(findGroup(listener, rights));
      for (const name of hostnames) if (rights.mayClaim(route.namespace, toRuleHost(name))) names?.add(name);
    }
  }
  return index;
}

/** Returns the names that cover a name, the most specific first: "a.x.io" → "a.x.io", "*.x.io", "*.io", "*". */
export function listCoveringNames(name: string): string[] {
  if (name === CATCH_ALL_HOST) return [name];
  const labels = name.split(".").slice(1);
  return [name, ...labels.map((_, index) => `*.${labels.slice(index).join(".")}`), CATCH_ALL_HOST].filter(
    (candidate, index) => index === 0 || candidate !== name,
  );
}

/** Returns the host of the rules for a name of listeners. Their wildcards cover any number of labels. */
export function toRuleHost(name: string): string {
  return name.startsWith("*.") ? `*${name}` : name;
}
