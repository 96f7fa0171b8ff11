import { domainToASCII } from "node:url";
import { isInZone } from "../zones/zone-store.ts";

/** The pattern of a Workers route. */
export interface RoutePattern {
  /** The text that Cloudflare stores: the host is in lower case and Punycode. */
  readonly text: string;
  /** "https:" or "http:"; any if empty. */
  readonly protocol: string;
  /** Name, or the end of a name if `anyPrefix`. */
  readonly host: string;
  readonly anyPrefix: boolean;
  /** Path, or the start of a path if `anySuffix`. */
  readonly path: string;
  readonly anySuffix: boolean;
  /** A higher value wins. */
  readonly specificity: number;
}

const PATTERN = /^(https?:\/\/)?(\*?)(\.?)([^/*?#:@\s]*)(\/[^*?#\s]*)?(\*?)$/i;

/**
 * Parses the pattern of a route in a zone. Returns undefined if it is invalid: wildcards are first in the host and last
 * in the path only, ports and queries are not allowed, and the host must be in the zone.
 */
export function parseRoutePattern(text: string, zone: string): RoutePattern | undefined {
  const [, scheme = "", hostWildcard = "", dot = "", name = "", path = "", pathWildcard = ""] =
    PATTERN.exec(text) ?? [];
  const host = dot + domainToASCII(name);
  const isAnyHost = hostWildcard === "*" && name === "" && dot === "";
  if (!isAnyHost && !isHostOfZone(host, hostWildcard, zone)) return undefined;
  if (pathWildcard === "*" && path === "") return undefined; // "example.com*" could match "example.com.evil.org"
  return {
    text: `${scheme.toLowerCase()}${hostWildcard}${host}${path}${pathWildcard}`,
    protocol: scheme.toLowerCase().replace("//", ""),
    host,
    anyPrefix: hostWildcard === "*",
    path: path || "/",
    anySuffix: pathWildcard === "*",
    specificity: computeSpecificity(`${hostWildcard}${host}`, `${path || "/"}${pathWildcard}`),
  };
}

function isHostOfZone(host: string, wildcard: string, zone: string): boolean {
  const name = host.replace(/^\./, "");
  return name !== "" && isInZone(name, zone) && (name === host || wildcard === "*");
}

/**
 * The order of Cloudflare's own table of routes, as miniflare has it: the number of labels in the host decides before the
 * number of segments in the path, and a wildcard alone counts less.
 */
function computeSpecificity(host: string, path: string): number {
  const labels = host.split(".");
  const segments = path.split("/");
  const hostScore = labels.length - (labels[0] === "*" ? 2 : 0);
  return hostScore * 26 + segments.length - (segments.at(-1) === "*" ? 2 : 0);
}

/** Whether a pattern matches a request's URL. The query is a part of the path. */
export function matchesRoute(pattern: RoutePattern, { protocol, hostname, pathname, search }: URL): boolean {
  if (pattern.protocol !== "" && protocol !== pattern.protocol) return false;
  if (pattern.anyPrefix ? !hostname.endsWith(pattern.host) : hostname !== pattern.host) return false;
  const path = pathname + search;
  return pattern.anySuffix ? path.startsWith(pattern.path) : path === pattern.path;
}

/** Orders patterns: the most specific first, then the longest. */
export function bySpecificity(a: RoutePattern, b: RoutePattern): number {
  return b.specificity - a.specificity || b.text.length - a.text.length;
}
