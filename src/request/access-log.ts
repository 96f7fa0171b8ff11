import type { Exchange } from "./exchange.ts";
import type { EdgeResponse } from "./response.ts";

const MAX_FIELD_LENGTH = 512;

/** The fields of an access log line, in their order. One sentence each, for the documentation. */
export const ACCESS_LOG_FIELDS = {
  time: "End of the request, as RFC 3339.",
  requestId: "`X-Request-ID` of the request.",
  subrequestOf:
    "Ingress whose annotation sent the request, if it is a subrequest. It has the `requestId` of the client's request.",
  method: "Method of the request.",
  scheme: "`http` or `https`.",
  host: "Normalized host of the request.",
  path: "Path as the client sent it, without query, up to 512 characters.",
  status: "Status of the response.",
  outcome: "How the request ended.",
  reason: "Details of the outcome.",
  attempts: "Number of addresses that were tried, if more than one.",
  rateLimitSkipped: "`true` if the rate limiter was unreachable, so that no limit applied.",
  route: "Id of the route: `namespace/ingress#rule.path`.",
  backend: "Backend: `namespace/service:port`.",
  origin: "Address of the backend that answered last.",
  generation: "Generation of the snapshot.",
  edgeMs: "Milliseconds spent at the edge.",
  originMs: "Milliseconds until the origin began its response.",
  clientIp: "Address of the client.",
  userAgent: "`User-Agent` of the request, up to 512 characters.",
} as const;

/** An access log line. JSON leaves undefined fields out. */
type AccessLogLine = Readonly<Record<keyof typeof ACCESS_LOG_FIELDS, string | number | boolean | undefined>>;

/**
 * Logs one JSON line for a request. It leaves out the query and all headers except User-Agent, because they may contain
 * secrets.
 */
export function logAccess(
  exchange: Exchange,
  answer: EdgeResponse,
  generation: number | undefined,
  durationMs: number,
): void {
  const { response, outcome, reason, route, backend, origin, originMs, attempts, rateLimitSkipped } = answer;
  const line: AccessLogLine = {
    time: new Date().toISOString(),
    requestId: exchange.id,
    subrequestOf: exchange.caller && `${exchange.caller.namespace}/${exchange.caller.ingress}`,
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
  };
  console.log(JSON.stringify(line));
}

function truncate(text: string): string {
  return text.length > MAX_FIELD_LENGTH ? `${text.slice(0, MAX_FIELD_LENGTH)}…` : text;
}
