import type { Exchange } from "../../request/exchange.ts";
import type { Filter } from "../../request/filter.ts";
import { type EdgeResponse, withHeaders } from "../../request/response.ts";
import type { RouteCors } from "../../rules/policies/route-filters.ts";
import { addVaryOrigin } from "../vary-origin.ts";
import { createOriginList } from "./origin-list.ts";

// The filter decides about them, not the origin server.
const OWNED_HEADERS = ["Origin", "Credentials"].map((suffix) => `Access-Control-Allow-${suffix}`);
const ORIGIN_HEADER = "Access-Control-Allow-Origin";

/** Answers preflights, and sets the CORS headers of other responses. A request of another origin passes without them. */
export function allowOrigins(filter: RouteCors): Filter {
  const isAllowed = createOriginList(filter.origins);
  const isSameForAll = filter.origins.includes("*") && !filter.credentials;
  return async (exchange, next) => {
    const origin = exchange.request.headers.get("Origin");
    const allowsOrigin = origin !== null && isAllowed(origin);
    const headers = allowsOrigin ? buildAnswerHeaders(filter, isSameForAll ? "*" : origin) : [];
    if (origin !== null && isPreflight(exchange)) {
      const permissions = allowsOrigin ? buildPermissions(filter, exchange.request.headers) : [];
      return withCorsHeaders(preflightAnswer(), [...headers, ...permissions], isSameForAll);
    }
    return withCorsHeaders(await next(exchange), headers, isSameForAll);
  };
}

type Header = readonly [name: string, value: string];

function isPreflight({ request }: Exchange): boolean {
  return request.method === "OPTIONS" && request.headers.has("Access-Control-Request-Method");
}

function preflightAnswer(): EdgeResponse {
  return { response: new Response(null, { status: 204 }), outcome: "preflight" };
}

function buildAnswerHeaders({ credentials, expose }: RouteCors, origin: string): Header[] {
  // With credentials a star is a name, not a wildcard.
  const exposed = credentials ? expose.filter((name) => name !== "*") : expose;
  return [
    [ORIGIN_HEADER, origin],
    ...(credentials ? [["Access-Control-Allow-Credentials", "true"] as const] : []),
    ...(exposed.length > 0 ? [["Access-Control-Expose-Headers", exposed.join(", ")] as const] : []),
  ];
}

function buildPermissions({ methods, headers, credentials, maxAge }: RouteCors, request: Headers): Header[] {
  const allow = (name: string, values: readonly string[], requested: string | null): Header[] => {
    const value = credentials && values.includes("*") ? requested : values.join(", ");
    return value ? [[`Access-Control-Allow-${name}`, value]] : [];
  };
  return [
    ...allow("Methods", methods, request.get("Access-Control-Request-Method")),
    ...allow("Headers", headers, request.get("Access-Control-Request-Headers")),
    ["Access-Control-Max-Age", String(maxAge)],
  ];
}

/** Returns a copy with headers set, and `Vary` if they depend on the origin. */
function withCorsHeaders(answer: EdgeResponse, corsHeaders: readonly Header[], isSameForAll: boolean): EdgeResponse {
  return withHeaders(answer, (headers) => {
    for (const name of OWNED_HEADERS) headers.delete(name);
    for (const [name, value] of corsHeaders) headers.set(name, value);
    if (!isSameForAll) addVaryOrigin(headers);
  });
}
