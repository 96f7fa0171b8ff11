import { GATEWAY_GROUP } from "../../collect/gateway/gateway-fields.ts";
import type { RouteKind } from "./judged-gateways.ts";

/** The only kind of route that the edge serves. */
export const HTTP_ROUTE: RouteKind = { group: GATEWAY_GROUP, kind: "HTTPRoute" };
