import type { Exchange } from "../../request/exchange.ts";
import { isEdgeHeader, isUserHeader } from "../../rules/edge-headers.ts";
import type { PolicySettings } from "../../rules/policies/index.ts";
import type { RouteFilter } from "../../rules/policies/route-filters.ts";

export type AuthFilter = Extract<RouteFilter, { type: "external-auth" }>;

/**
 * Returns the names of headers that an origin may get from the service, but never from the client: the listed ones. Without a
 * list, they are the client's headers that usually name its user.
 */
export function listServiceOnlyHeaders({ responseHeaders }: AuthFilter, { request }: Exchange): readonly string[] {
  if (responseHeaders.length > 0) return responseHeaders.filter(isForOrigin);
  return [...request.headers.keys()].filter(isUserHeader);
}

/** Returns the service's headers for the origin, without those of its connection. Without a list, they are all. */
export function listServiceValues({ responseHeaders }: AuthFilter, headers: Headers): [name: string, value: string][] {
  const connection = (headers.get("Connection") ?? "").split(",").map((name) => name.trim().toLowerCase());
  const names = responseHeaders.length > 0 ? responseHeaders : [...headers.keys()];
  return names.flatMap((name): [string, string][] => {
    const value = headers.get(name);
    return value === null || !isForOrigin(name) || connection.includes(name.toLowerCase()) ? [] : [[name, value]];
  });
}

/** Not the headers of the edge, nor those that describe the service's body, its WebSocket or the client's cookies. */
function isForOrigin(name: string): boolean {
  return !isEdgeHeader(name) && !/^(?:content-|sec-websocket-|set-cookie$)/i.test(name);
}

/** Returns the filters of a route that authenticate clients: those of its rule and of its backends. */
export function listAuthFilters({
  routeFilters,
  weightedBackends,
}: Pick<PolicySettings, "routeFilters" | "weightedBackends">): AuthFilter[] {
  const filters = [
    ...(routeFilters?.filters ?? []),
    ...(weightedBackends?.choices ?? []).flatMap((choice) => choice.filters ?? []),
  ];
  return filters.filter((filter) => filter.type === "external-auth");
}
