import { listHostCandidates } from "../rules/hosts.ts";

/**
 * What takes a request's host: its own rules, else those of the wildcard over its first label, else those of any host.
 * A host that is named keeps its requests even where none of its paths takes them.
 */
export function matchHost<T>(hosts: ReadonlyMap<string, T>, host: string): T | undefined {
  for (const key of listHostCandidates(host)) {
    const match = hosts.get(key);
    if (match) return match;
  }
  return undefined;
}
