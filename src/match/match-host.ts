import { CATCH_ALL_HOST, findWildcardName, listDeepWildcards } from "../rules/hosts.ts";

/**
 * Returns the rules for a request's host: its own, else the wildcard's, else the catch-all's. A host with rules never
 * falls through to a less specific host, even if none of its routes match.
 */
export function matchHost<T extends object>(hosts: ReadonlyMap<string, T>, host: string): T | undefined {
  const match = hosts.get(host);
  if (match) return match;
  const wildcard = findWildcardName(host);
  return (
    (wildcard === undefined ? undefined : hosts.get(wildcard)) ??
    matchDeepWildcard(hosts, host) ??
    hosts.get(CATCH_ALL_HOST)
  );
}

function matchDeepWildcard<T extends object>(hosts: ReadonlyMap<string, T>, host: string): T | undefined {
  const name = listDeepWildcards(host).find((candidate) => hosts.has(candidate));
  return name === undefined ? undefined : hosts.get(name);
}
