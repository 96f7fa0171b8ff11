import type { WorkersRoute } from "../../cloudflare/routes.ts";

/** Maximum number of routes in a zone. https://developers.cloudflare.com/workers/platform/limits/ */
export const MAX_ZONE_ROUTES = 1000;

/** Returns the pattern of all paths of a host. */
export function buildRoutePattern(host: string): string {
  return `${host}/*`;
}

/** The parts of a pattern: "https://*.example.com/api/*" has the host "*.example.com" and the path "/api/*". */
export interface PatternParts {
  readonly host: string;
  readonly path: string;
}

/** Parses the pattern of a route. Its scheme, if any, is ignored. */
export function parsePattern(pattern: string): PatternParts {
  const text = pattern.toLowerCase().replace(/^https?:\/\//, "");
  const slash = text.indexOf("/");
  return slash < 0 ? { host: text, path: "" } : { host: text.slice(0, slash), path: text.slice(slash) };
}

/**
 * Returns the route that Cloudflare uses for all paths of a host: the one with the longest host. "*.example.com" and
 * "*example.com" match names of any depth.
 */
export function findHostRoute(routes: readonly WorkersRoute[], host: string): WorkersRoute | undefined {
  const matching = routes.filter(({ pattern }) => {
    const parts = parsePattern(pattern);
    return parts.path === "/*" && matchesPatternHost(parts.host, host);
  });
  return matching.reduce<WorkersRoute | undefined>(
    (longest, route) => (longest && hostLength(longest) >= hostLength(route) ? longest : route),
    undefined,
  );
}

function hostLength({ pattern }: WorkersRoute): number {
  const { host } = parsePattern(pattern);
  return host.startsWith("*") ? host.length : host.length + 1000; // an exact host is more specific than any wildcard
}

function matchesPatternHost(patternHost: string, host: string): boolean {
  return patternHost.startsWith("*") ? host.endsWith(patternHost.slice(1)) : host === patternHost;
}
