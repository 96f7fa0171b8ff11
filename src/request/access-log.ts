import type { Exchange } from "./exchange.ts";
import type { EdgeResponse } from "./response.ts";

const MAX_FIELD_LENGTH = 512;

/** Every field of an access line, in its order, and what it means: for the documentation. */
export const ACCESS_FIELDS = {
  time: "Time at which the line was written, RFC 3339, UTC.",
  requestId:
    "Request id: the client's `X-Request-ID` if it is one word of up to 200 characters, else a new one. The origin and error pages have the same id.",
  method: "Request method.",
  scheme: "`http` or `https`.",
  host: "Host, normalized.",
  path: "Path as the client wrote it, without the query.",
  status: "Status of the response.",
  outcome: "How the request ended: see below.",
  reason: "Why, if the outcome alone is not sufficient.",
  attempts: "Number of addresses that were tried, if more than 1.",
  rateLimitSkipped: "Present if the rate limiter did not answer within 500 ms, so that the request passed.",
  route: "Route that matched: `namespace/ingress#rule.path`.",
  backend: "Backend: `namespace/service:port`.",
  origin: "Address that responded or failed last, with scheme and port.",
  generation: "Generation of the snapshot that served the request.",
  edgeMs: "Milliseconds spent in the Worker, without the origin.",
  originMs: "Milliseconds until the origin's response started, all attempts together.",
  clientIp: "Client address, as Cloudflare reports it.",
  userAgent: "`User-Agent` of the request.",
} as const;

/**
 * One line a request for `wrangler tail`: JSON, without query, cookies or any header but the user agent, since those may
 * hold secrets. Times are in milliseconds.
 */
export function logAccess(
  exchange: Exchange,
  answer: EdgeResponse,
  generation: number | undefined,
  durationMs: number,
): void {
  const { response, outcome, reason, route, backend, origin, originMs, attempts, rateLimitSkipped } = answer;
  console.log(
    JSON.stringify({
      time: new Date().toISOString(),
      requestId: exchange.id,
      method: exchange.request.method,
      scheme: exchange.scheme,
      host: truncate(exchange.host),
      path: truncate(exchange.rawPath),
      status: response.status,
      outcome,
      reason,
      attempts,
      rateLimitSkipped,
      route,
      backend,
      origin,
      generation,
      edgeMs: durationMs - (originMs ?? 0),
      originMs,
      clientIp: exchange.clientIp,
      userAgent: truncate(exchange.request.headers.get("User-Agent") ?? ""),
    } satisfies Record<keyof typeof ACCESS_FIELDS, unknown>),
  );
}

function truncate(text: string): string {
  return text.length > MAX_FIELD_LENGTH ? `${text.slice(0, MAX_FIELD_LENGTH)}…` : text;
}
