import { failure, type Result, success } from "./result.ts";

/** The host of rules without a host. It matches every request whose host has no other rule. */
export const CATCH_ALL_HOST = "*";

/** The zone that contains every domain, for accounts (such as the local one) that serve all of them. */
export const ROOT_ZONE = ".";

const DEEP_WILDCARD = "**";
const MAX_HOST_LENGTH = 253;
const MAX_LABELS = 127; // of a name of 253 characters
const WILDCARD_LABEL = /^\*{1,2}\./;
const DNS_LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
// Most clients send the host like this, so it is tested before a copy is made.
const NORMALIZED_HOST = /^[^A-Z:\x80-\uffff]*[^.A-Z:\x80-\uffff]$/;
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/**
 * Returns the host of a request as rules name it: lower case, without port and final dot.
 * `"Shop.Example.com.:8080"` → `"shop.example.com"`, `"[::1]:8080"` → `"[::1]"`.
 */
export function normalizeHost(hostHeader: string): string {
  if (NORMALIZED_HOST.test(hostHeader)) return hostHeader;
  const host = hostHeader.toLowerCase().replace(/:\d*$/, "");
  return host.endsWith(".") ? host.slice(0, -1) : host;
}

/** Whether a request's host is an address. No zone contains it, and Cloudflare never sends it to a Worker. */
export function isIpAddress(host: string): boolean {
  return host.startsWith("[") || IPV4.test(host);
}

/**
 * Returns the names of rules that match a request's host, most specific first. `"a.example.com"` → `["a.example.com",
 * "*.example.com", "**.example.com", "**.com", "*"]`: `*` matches exactly one label, `**` at least one. Names `**.x` whose x
 * has more than `maxDeepLabels` labels are left out.
 */
export function listHostCandidates(host: string, maxDeepLabels = MAX_LABELS): string[] {
  const wildcard = findWildcardName(host);
  const deepWildcards = maxDeepLabels === 0 ? [] : listDeepWildcards(host, maxDeepLabels);
  return [host, ...(wildcard === undefined ? [] : [wildcard]), ...deepWildcards, CATCH_ALL_HOST];
}

/** Returns the wildcard of one label that matches a request's host. Undefined for an address, or a name of one label. */
export function findWildcardName(host: string): string | undefined {
  const dot = host.indexOf(".");
  return dot > 0 && !isIpAddress(host) ? `*${host.slice(dot)}` : undefined;
}

/**
 * Returns the wildcards of any number of labels that match a request's host, most specific first: `"a.example.com"` →
 * `["**.example.com", "**.com"]`. Those with more than `maxLabels` labels after the wildcard are left out.
 */
export function listDeepWildcards(host: string, maxLabels = MAX_LABELS): string[] {
  if (isIpAddress(host)) return [];
  const names: string[] = [];
  let dot = host.lastIndexOf(".");
  while (dot > 0 && names.length < maxLabels && host.length - dot <= MAX_HOST_LENGTH) {
    names.push(DEEP_WILDCARD + host.slice(dot));
    dot = host.lastIndexOf(".", dot - 1);
  }
  return names.reverse();
}

/** Returns the number of labels after the wildcard of a name `**.x`, or 0 for other names. */
export function countDeepLabels(name: string): number {
  return name.startsWith(`${DEEP_WILDCARD}.`) ? name.split(".").length - 1 : 0;
}

/** Parses `spec.rules[].host`. Missing or empty means any host. A wildcard is the whole first label. */
export function parseHost(text: string | undefined): Result<string> {
  if (text === undefined || text === "") return success(CATCH_ALL_HOST);
  const host = text.toLowerCase().replace(/\.$/, "");
  if (host.length > MAX_HOST_LENGTH) return failure(`expected at most ${MAX_HOST_LENGTH} characters`);
  if (IPV4.test(host) || host.includes(":")) return failure(`expected a DNS name without port, got "${text}"`);
  const labels = (host.startsWith("*.") ? host.slice(2) : host).split(".");
  if (!labels.every((label) => DNS_LABEL.test(label))) {
    return failure(`expected a DNS name, or one after "*.", got "${text}"`);
  }
  return success(host);
}

/** Returns the longest of `zones` that contains `host`. The root zone contains every name, but no address. */
export function findZone(host: string, zones: readonly string[]): string | undefined {
  if (isIpAddress(host)) return undefined;
  const name = host.startsWith("*") ? host.replace(WILDCARD_LABEL, "") : host;
  return zones
    .filter((zone) => zone === ROOT_ZONE || name === zone || name.endsWith(`.${zone}`))
    .reduce<string | undefined>((match, zone) => (match && match.length >= zone.length ? match : zone), undefined);
}

/** Returns the full name of a record `label` in `zone`. */
export function buildRecordName(label: string, zone: string): string {
  return zone === ROOT_ZONE ? label : `${label}.${zone}`;
}

/**
 * Whether a pattern matches a host of rules. `*.x` matches `a.b.x`, `*.b.x` and `**.x`, but not x; only `*` matches rules
 * without a host.
 */
export function matchesHost(pattern: string, host: string): boolean {
  if (pattern === CATCH_ALL_HOST) return true;
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern;
}
