import { matchesHost } from "../hosts.ts";

/**
 * Whether a Host header may name a host: the host of the request itself, or one that the namespace may claim as a whole.
 * Without patterns any host is allowed.
 */
export function mayNameHost(host: string, ownHost: string, wholeHosts: readonly string[] | undefined): boolean {
  return host === ownHost || !wholeHosts || wholeHosts.some((pattern) => matchesHost(pattern, host));
}
