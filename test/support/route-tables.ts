import type { ConditionSource } from "../../src/match/request-values.ts";
import { buildRouteTable, findRoute } from "../../src/match/route-table.ts";
import type { HostRules, Route } from "../../src/rules/snapshot.ts";

/** A route without its name and policies. */
export type RouteMatcher = Pick<Route, "path" | "when">;

/** Returns the rules of a host. The id of each route ends with its position. */
export function buildOrderedHost(routes: readonly RouteMatcher[]): HostRules {
  return {
    host: "a.example.com",
    policies: {},
    routes: routes.map((route, index) => ({ id: `default/i#0.${index}`, ...route, policies: {} })),
    backends: {},
  };
}

/** A request: "GET http://a.example.com/?a=b" by default, with headers by name in lower case. */
export interface SampleRequest {
  readonly scheme?: "http" | "https";
  readonly method?: string;
  readonly host?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function buildConditionSource(request: SampleRequest = {}): ConditionSource {
  const { scheme = "http", method = "GET", host = "a.example.com", query = "", headers = {} } = request;
  const get = (name: string) => (Object.hasOwn(headers, name) ? (headers[name] ?? null) : null);
  return { scheme, hostHeader: host, query, request: { method, headers: { get } } };
}

/** Returns the position of the route that answers, or the reason for none. */
export function findPosition(routes: readonly RouteMatcher[], path: string, request?: SampleRequest): number | string {
  const match = findRoute(buildRouteTable(buildOrderedHost(routes)), path, buildConditionSource(request));
  return typeof match === "string" ? match : match.position;
}
