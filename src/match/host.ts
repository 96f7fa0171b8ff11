import { hostKeys } from "../rules/hosts.ts";

/**
 * What takes a request's host: its own rules, else those of the wildcard over its first label, else those of any host.
 * A host that is named keeps its requests even where none of its paths takes them.
 */
export function firstHost<T>(hosts: ReadonlyMap<string, T>, host: string): T | undefined {
  for (const key of hostKeys(host)) {
    const found = hosts.get(key);
    if (found) return found;
  }
  return undefined;
}
