import { listHostCandidates } from "../rules/hosts.ts";

/**
 * Returns the rules for a request's host: its own, else the wildcard's, else the catch-all's. A host with rules never
 * falls through to a less specific host, even if none of its paths match.
 */
export function matchHost<T>(hosts: ReadonlyMap<string, T>, host: string): T | undefined {
  for (const key of listHostCandidates(host)) {
    const match = hosts.get(key);
    if (match) return match;
  }
  return undefined;
}
