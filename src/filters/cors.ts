import type { Filter } from "../request/filter.ts";
import { type EdgeResponse, withHeaders } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { addVaryOrigin } from "./vary-origin.ts";

/**
 * Sets CORS headers, which replace the origin server's, and answers preflights: every OPTIONS request of an allowed
 * origin, as in ingress-nginx. Requests of other origins pass without CORS headers.
 */
export function cors(settings: SettingsOf<"cors">): Filter {
  const corsHeaders = buildCorsHeaders(settings);
  const isAllowed = settings.origins && createOriginMatcher(settings.origins);
  return async (exchange, next) => {
    const origin = exchange.request.headers.get("Origin") ?? "";
    if (isAllowed && !isAllowed(origin)) return withCorsHeaders(await next(exchange), [], true);
    const responseHeaders: Header[] = [["Access-Control-Allow-Origin", isAllowed ? origin : "*"], ...corsHeaders];
    const answer = exchange.request.method === "OPTIONS" ? preflightResponse() : await next(exchange);
    return withCorsHeaders(answer, responseHeaders, isAllowed !== undefined);
  };
}

type Header = readonly [name: string, value: string];

function buildCorsHeaders({ credentials, methods, headers, exposed, maxAge }: SettingsOf<"cors">): Header[] {
  return [
    ...(credentials ? [["Access-Control-Allow-Credentials", "true"] as const] : []),
    ["Access-Control-Allow-Methods", methods],
    ["Access-Control-Allow-Headers", headers],
    ...(exposed === undefined ? [] : [["Access-Control-Expose-Headers", exposed] as const]),
    ["Access-Control-Max-Age", String(maxAge)],
  ];
}

/** Matches whole origins in any case: `https://*.example.com` matches `https://a.example.com`. */
function createOriginMatcher(origins: readonly string[]): (origin: string) => boolean {
  const patterns = origins.map((origin) => origin.replace(/[.+]/g, "\\$&").replace("*", "[a-z0-9-]+"));
  const regex = new RegExp(`^(?:${patterns.join("|")})$`, "i");
  return (origin) => regex.test(origin);
}

function preflightResponse(): EdgeResponse {
  const headers = { "Content-Type": "text/plain charset=UTF-8", "Content-Length": "0" };
  return { response: new Response(null, { status: 204, headers }), outcome: "preflight" };
}

/** Returns a copy with headers set, and `Vary` if it depends on the origin. */
function withCorsHeaders(answer: EdgeResponse, headers: readonly Header[], variesByOrigin: boolean): EdgeResponse {
  return withHeaders(answer, (responseHeaders) => {
    for (const [name, value] of headers) responseHeaders.set(name, value);
    if (variesByOrigin) addVaryOrigin(responseHeaders);
  });
}
