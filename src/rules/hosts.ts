import { type Parsed, parsed, refused } from "./parsed.ts";

/** The host of rules that name none: it takes every request whose host no other rule names. */
export const ANY_HOST = "*";

/** The zone that holds every domain, for accounts (such as the local one) that answer for all of them. */
export const ROOT_ZONE = ".";

const MAX_HOST_LENGTH = 253;
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/**
 * The host that a request asks for, as rules name it: lower case, without port and final dot.
 * `"Shop.Example.com.:8080"` → `"shop.example.com"`, `"[::1]:8080"` → `"[::1]"`.
 */
export function hostOf(hostHeader: string): string {
  const host = hostHeader.toLowerCase().replace(/:\d*$/, "");
  return host.endsWith(".") ? host.slice(0, -1) : host;
}

/** Whether a request's host is an address. No zone holds it, and Cloudflare never delivers it to a Worker. */
export function isAddress(host: string): boolean {
  return host.startsWith("[") || IPV4.test(host);
}

/**
 * The names under which rules for a request's host may lie, most exact first.
 * `"a.example.com"` → `["a.example.com", "*.example.com", "*"]`: a wildcard stands for exactly one label.
 */
export function hostKeys(host: string): string[] {
  const dot = host.indexOf(".");
  const wildcard = dot > 0 && !isAddress(host) ? [`*${host.slice(dot)}`] : [];
  return [host, ...wildcard, ANY_HOST];
}

/** Reads `spec.rules[].host`. Missing or empty means any host; a wildcard is only the whole first label. */
export function parseHost(text: string | undefined): Parsed<string> {
  if (text === undefined || text === "") return parsed(ANY_HOST);
  const host = text.toLowerCase().replace(/\.$/, "");
  if (host.length > MAX_HOST_LENGTH) return refused(`expected at most ${MAX_HOST_LENGTH} characters`);
  if (IPV4.test(host) || host.includes(":")) return refused(`expected a DNS name without port, got "${text}"`);
  const labels = (host.startsWith("*.") ? host.slice(2) : host).split(".");
  if (!labels.every((label) => LABEL.test(label))) {
    return refused(`expected a DNS name, with "*." before it at most, got "${text}"`);
  }
  return parsed(host);
}

/** The longest of `zones` that holds `host`, or none. The root zone holds every name, but no address. */
export function zoneOf(host: string, zones: readonly string[]): string | undefined {
  if (isAddress(host)) return undefined;
  const bare = host.startsWith("*.") ? host.slice(2) : host;
  return zones
    .filter((zone) => zone === ROOT_ZONE || bare === zone || bare.endsWith(`.${zone}`))
    .reduce<string | undefined>((best, zone) => (best && best.length >= zone.length ? best : zone), undefined);
}

/** The whole name of a record `label` in `zone`. */
export function nameInZone(label: string, zone: string): string {
  return zone === ROOT_ZONE ? label : `${label}.${zone}`;
}
