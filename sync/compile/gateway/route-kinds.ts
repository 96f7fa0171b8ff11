import type { RouteKind } from "./judged-gateways.ts";

/** The API group of Gateways and routes. */
export const GATEWAY_GROUP = "gateway.networking.k8s.io";

/** The only kind of route that the edge serves. */
export const HTTP_ROUTE: RouteKind = { group: GATEWAY_GROUP, kind: "HTTPRoute" };
