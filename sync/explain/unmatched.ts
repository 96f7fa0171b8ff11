import { acceptsPath } from "../../src/match/route-table.ts";
import { listHostCandidates } from "../../src/rules/hosts.ts";
import type { HostRules, PathMatch, Route } from "../../src/rules/snapshot.ts";

/** A route or host that did not match the request. */
export interface UnmatchedRoute {
  readonly id: string;
  readonly match: PathMatch | undefined;
  readonly reason: string;
}

export function findUnmatchedHosts(
  hosts: ReadonlyMap<string, HostRules>,
  requestHost: string,
  matchedHost: HostRules | undefined,
): UnmatchedRoute[] {
  const otherHosts = listHostCandidates(requestHost).filter((key) => hosts.has(key) && key !== matchedHost?.host);
  return otherHosts.map((id) => ({ id, match: undefined, reason: `${matchedHost?.host} is more specific` }));
}

export function findUnmatchedRoutes(
  host: HostRules | undefined,
  matchedRoute: Route | undefined,
  path: string | undefined,
): UnmatchedRoute[] {
  const otherRoutes = host?.routes.filter((route) => route !== matchedRoute) ?? [];
  return otherRoutes.map((route) => ({
    id: route.id,
    match: route.path,
    reason: explainMismatch(route.path, matchedRoute?.path, path),
  }));
}

function explainMismatch(match: PathMatch, matchedPath: PathMatch | undefined, path: string | undefined): string {
  if (path === undefined) return "the request path is invalid";
  if (!acceptsPath(match, path)) return "does not match";
  if (!matchedPath) return "matches, but a policy of the host answered first";
  if (match.type === "regex") return "matches, but a longer regex has precedence";
  return matchedPath.type === "exact" ? "matches, but an exact path has precedence" : "matches, but is shorter";
}
