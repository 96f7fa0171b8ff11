import type { ServedBy } from "./analytics.ts";
import type { Exchange } from "./exchange.ts";
import type { EdgeResponse } from "./response.ts";

const MAX_FIELD_LENGTH = 512;

/** The fields of an access log line, in their order. One sentence each, for the documentation. */
export const ACCESS_LOG_FIELDS = {
  time: "End of the request, as RFC 3339.",
  requestId: "`X-Request-ID` of the request.",
  ray: "Ray ID of the request at Cloudflare.",
  subrequestOf:
    "Ingress whose annotation sent the request, if it is a subrequest. It has the `requestId` of the client's request.",
  method: "Method of the request.",
  scheme: "`http` or `https`.",
  protocol: "Protocol of the client, such as `HTTP/2`.",
  host: "Normalized host of the request.",
  path: "Path as the client sent it, without query, up to 512 characters.",
  status: "Status of the response.",
  responseBytes: "Length of the response's body, if the origin declared it.",
  outcome: "How the request ended.",
  reason: "Details of the outcome.",
  attempts: "Number of addresses that were tried, if more than one.",
  rateLimitSkipped: "`true` if the rate limiter was unreachable, so that no limit applied.",
  route: "Id of the route: `namespace/ingress#rule.path`.",
  backend: "Backend: `namespace/service:port`.",
  origin: "Address of the backend that answered last.",
  generation: "Generation of the snapshot.",
  candidate: "`true` if the candidate of a staged roll-out served the request.",
  colo: "Cloudflare location that served the request, as an airport code.",
  edgeMs: "Milliseconds spent at the edge.",
  originMs: "Milliseconds until the origin began its response.",
  clientIp: "Address of the client.",
  country: "Country of the client, as Cloudflare determines it.",
  userAgent: "`User-Agent` of the request, up to 512 characters.",
} as const;

/** The fields of `request.cf` that are logged. The request of a subrequest has none. */
interface ConnectionDetails {
  readonly httpProtocol?: string;
  readonly colo?: string;
  readonly country?: string;
}

/** An access log line. JSON leaves undefined fields out. */
type AccessLogLine = Readonly<Record<keyof typeof ACCESS_LOG_FIELDS, string | number | boolean | undefined>>;

/**
 * Logs one JSON line for a request. It leaves out the query and all headers except User-Agent and CF-Ray, because they may
 * contain secrets.
 */
export function logAccess(
  exchange: Exchange,
  answer: EdgeResponse,
  { generation, isCandidate }: ServedBy,
  durationMs: number,
): void {
  const { response, outcome, reason, route, backend, origin, originMs, attempts, rateLimitSkipped } = answer;
  const connection = (exchange.request as { readonly cf?: ConnectionDetails | null }).cf ?? {};
  const line: AccessLogLine = {
    time: new Date().toISOString(),
    requestId: exchange.id,
    ray: exchange.request.headers.get("CF-Ray") ?? undefined,
    subrequestOf: exchange.caller && `${exchange.caller.namespace}/${exchange.caller.ingress}`,
    method: exchange.request.method,
    scheme: exchange.scheme,
    protocol: connection.httpProtocol,
    host: truncate(exchange.host),
    path: truncate(exchange.rawPath),
    status: response.status,
    responseBytes: findBodyLength(response),
    outcome,
    reason,
    attempts,
    rateLimitSkipped,
    route,
    backend,
    origin,
    generation,
    candidate: isCandidate || undefined,
    colo: connection.colo,
    edgeMs: durationMs - (originMs ?? 0),
    originMs,
    clientIp: exchange.clientIp,
    country: connection.country,
    userAgent: truncate(exchange.request.headers.get("User-Agent") ?? ""),
  };
  console.log(JSON.stringify(line));
}

/** Returns the declared length of the body. Counting its bytes would need a copy of the body. */
function findBodyLength({ body, headers }: Response): number | undefined {
  const length = body === null ? null : headers.get("Content-Length");
  return length === null ? undefined : Number(length);
}

function truncate(text: string): string {
  return text.length > MAX_FIELD_LENGTH ? `${text.slice(0, MAX_FIELD_LENGTH)}…` : text;
}
