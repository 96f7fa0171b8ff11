import { type ConditionSource, PLAIN_REQUEST } from "../../../src/match/request-values.ts";
import { isClosed } from "../../../src/rules/policies/fail-closed.ts";
import { lacksBackend } from "../../../src/rules/policies/no-backend.ts";
import type { HostRules, Route } from "../../../src/rules/snapshot.ts";
import type { HttpRoute, HttpRouteMatch } from "../../collect/gateway/http-route-model.ts";
import { findSamplePath } from "./sample-path.ts";

/** Returns the route that matches a path in decoded spelling, and the other parts of a request. */
export type MatchRequest = (path: string, source: ConditionSource) => Route | undefined;

/** A path of an Ingress or a match of an HTTPRoute, and its route. */
export interface CompiledPath {
  readonly field: string;
  /** The field that has its backend: that of a path, or the rule of an HTTPRoute. */
  readonly scope: string;
  readonly host: string;
  /** A name that `host` matches. */
  readonly sampleHost: string;
  readonly path: string; // "/" by default
  /** The query of sample URLs, with its "?"; or "". */
  readonly sampleQuery: string;
  /** A decoded path that a request can have to match the route; undefined if none was found. */
  readonly samplePath: string | undefined;
  readonly pathType: string | undefined;
  readonly route: Route;
  /** Whether the Ingress itself makes it a regex. Another Ingress of the host may do so too. */
  readonly isRegex: boolean;
  /** The annotation that makes it a regex; "" if none does. */
  readonly regexAnnotation: string;
  /** Whether the edge forwards requests of the path. */
  readonly isServed: boolean;
}

/** A host of the rules, and a name that it matches. */
export interface RouteHost {
  readonly rules: HostRules;
  readonly sampleHost: string;
  readonly matchRequest: MatchRequest;
}

/** Returns the match of an HTTPRoute that a route was compiled from, with its owner. */
export function indexRoutePath<Owner>(
  { rules, sampleHost, matchRequest }: RouteHost,
  route: Route,
  httpRoute: HttpRoute,
  owner: Owner,
): (CompiledPath & { readonly owner: Owner })[] {
  const [, rule, index] = /#(\d+)\.(\d+)$/.exec(route.id) ?? [];
  const match = httpRoute.rules[Number(rule)]?.matches[Number(index)];
  if (!match) return [];
  const { type, value: path } = match.path;
  const sampleQuery = buildQuery(match);
  const source: ConditionSource = { ...PLAIN_REQUEST, query: sampleQuery, scheme: route.when?.scheme ?? "https" };
  return [
    {
      owner,
      field: `spec.rules[${rule}].matches[${index}]`,
      scope: `spec.rules[${rule}]`,
      host: rules.host,
      sampleHost,
      path,
      sampleQuery,
      samplePath: findSamplePath(path, type === "RegularExpression", (candidate) => {
        return matchRequest(candidate, source) === route;
      }),
      pathType: type,
      route,
      isRegex: type === "RegularExpression",
      regexAnnotation: "",
      isServed: isServedRoute(route, rules.policies),
    },
  ];
}

/** Whether the edge forwards requests of a route. */
export function isServedRoute(route: Route, hostPolicies: HostRules["policies"]): boolean {
  return !isClosed(hostPolicies) && !isClosed(route.policies) && !lacksBackend(route.policies);
}

/** Returns the query that a match needs: `?a=b`. A parameter with a regex has no sample. */
function buildQuery({ queryParams }: HttpRouteMatch): string {
  const parameters = new URLSearchParams();
  for (const { name, type, value } of queryParams) if (type === "Exact") parameters.append(name, value);
  return parameters.size === 0 ? "" : `?${parameters}`;
}
