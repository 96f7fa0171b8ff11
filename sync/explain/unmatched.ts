import { acceptsConditions } from "../../src/match/conditions.ts";
import { needsOrder } from "../../src/match/ordered-table.ts";
import type { ConditionSource } from "../../src/match/request-values.ts";
import { acceptsPath } from "../../src/match/route-table.ts";
import { formatConditions } from "../../src/rules/format-match.ts";
import { listHostCandidates } from "../../src/rules/hosts.ts";
import type { HostRules, PathMatch, Route, RouteConditions } from "../../src/rules/snapshot.ts";

/** A route or host that did not match the request. */
export interface UnmatchedRoute {
  readonly id: string;
  readonly match: PathMatch | undefined;
  readonly when?: RouteConditions;
  readonly reason: string;
}

interface UnmatchedRequest extends ConditionSource {
  readonly path: string | undefined; // normalized
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
  request: UnmatchedRequest,
): UnmatchedRoute[] {
  if (!host) return [];
  const isOrdered = needsOrder(host.routes);
  const explainRoute = (route: Route) =>
    explainConditions(route, request) ??
    (isOrdered && matchedRoute
      ? "matches, but another route has precedence"
      : explainPrecedence(route.path, matchedRoute?.path));
  return host.routes
    .filter((route) => route !== matchedRoute)
    .map((route) => ({
      id: route.id,
      match: route.path,
      ...(route.when && { when: route.when }),
      reason: explainRoute(route),
    }));
}

/** Returns the reason for which a route does not match a request on its own. Undefined if it does. */
function explainConditions({ path: match, when = {} }: Route, request: UnmatchedRequest): string | undefined {
  if (request.path === undefined) return "the request path is invalid";
  if (!acceptsPath(match, request.path)) return "does not match";
  const { scheme, method, headers = [], query = [] } = when;
  const parts: RouteConditions[] = [
    ...(scheme === undefined ? [] : [{ scheme }]),
    ...(method === undefined ? [] : [{ method }]),
    ...headers.map((header) => ({ headers: [header] })),
    ...query.map((parameter) => ({ query: [parameter] })),
  ];
  const failed = parts.find((part) => acceptsConditions(part, request) !== true);
  return failed && `does not match: ${formatConditions(failed)}`;
}

function explainPrecedence(match: PathMatch, matchedPath: PathMatch | undefined): string {
  if (!matchedPath) return "matches, but a policy of the host answered first";
  if (match.type === "regex") return "matches, but a longer regex has precedence";
  return matchedPath.type === "exact" ? "matches, but an exact path has precedence" : "matches, but is shorter";
}
