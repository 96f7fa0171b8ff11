import { compareText } from "../../../../src/rules/compare-text.ts";
import { CATCH_ALL_HOST, matchesHost, parseHost } from "../../../../src/rules/hosts.ts";

/**
 * Returns the names that a listener and a route share, sorted: `"*.example.com"` and `["a.example.com", "b.org"]` →
 * `["a.example.com"]`. Of two wildcards, the longer name counts. A route without hostnames has the listener's name.
 */
export function intersectHostnames(listenerHostname: string, routeHostnames: readonly string[]): readonly string[] {
  const names = routeHostnames.length === 0 ? [CATCH_ALL_HOST] : routeHostnames.flatMap(normalizeHostname);
  const shared = names.flatMap((name) => intersectNames(listenerHostname, name) ?? []);
  return [...new Set(shared)].toSorted(compareText);
}

function normalizeHostname(text: string): string[] {
  const host = parseHost(text);
  return host.ok ? [host.value] : [];
}

function intersectNames(listenerName: string, routeName: string): string | undefined {
  if (matchesHost(listenerName, routeName)) return routeName;
  return matchesHost(routeName, listenerName) ? listenerName : undefined;
}
