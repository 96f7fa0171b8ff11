import type { Exchange } from "./exchange.ts";

/** How a request ended: for the access line, one word a kind. */
export type RequestOutcome =
  | "routed"
  | "redirected"
  | "preflight"
  | "no-route"
  | "no-backend"
  | "failed-closed"
  | "denied"
  | "bad-request"
  | "empty-rewrite"
  | "body-too-large"
  | "rate-limited"
  | "origin-unreachable"
  | "origin-timeout"
  | "client-closed"
  | "subrequest-loop"
  | "no-snapshot"
  | "internal-error";

/** A response, and how it came about. */
export interface EdgeResponse {
  readonly response: Response;
  readonly outcome: RequestOutcome;
  /** Why, where the outcome alone does not say. */
  readonly reason?: string;
  /** The route that took the request, and its backend. */
  readonly route?: string | undefined;
  readonly backend?: string | undefined;
  /** The address that was asked, and how long it took to answer, in milliseconds. */
  readonly origin?: string;
  readonly originMs?: number;
  /** How many addresses were asked, where it was not the first that answered. */
  readonly attempts?: number;
  /** The DNS record of that address. */
  readonly record?: string;
  /** The policy that could not be asked, so that the request passed without. */
  readonly rateLimitSkipped?: boolean;
  /** An external authentication service gave it: no error page takes its place. */
  readonly isAuthResponse?: boolean;
  /** It has no line in the access log. */
  readonly skipsAccessLog?: boolean;
}

const REASON_PHRASES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  413: "Content Too Large",
  414: "URI Too Long",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  508: "Loop Detected",
};

/** An answer of the edge's own: a small text that names the request id, and nothing internal. */
export function errorResponse(
  exchange: Exchange,
  status: number,
  outcome: RequestOutcome,
  reason?: string,
): EdgeResponse {
  const body = `${status} ${REASON_PHRASES[status] ?? ""}\nrequest id: ${exchange.id}\n`;
  const headers = {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Request-ID": exchange.id,
  };
  return { response: new Response(body, { status, headers }), outcome, ...(reason !== undefined && { reason }) };
}

/** Sends the client elsewhere. What no header may hold is escaped, as a browser would on the way there. */
export function redirectResponse(status: number, location: string): EdgeResponse {
  const escapedLocation = location.replace(/[^\x21-\x7e]+/g, (text) => encodeURIComponent(text.toWellFormed()));
  return { response: new Response(null, { status, headers: { Location: escapedLocation } }), outcome: "redirected" };
}

/** The same answer with a header set. Responses of a fetch cannot be changed, so it is a copy; bodies are not read. */
/** The same answer with a header set. */
export function withHeader(answer: EdgeResponse, name: string, value: string): EdgeResponse {
  return withHeaders(answer, (headers) => headers.set(name, value));
}

/** The same answer with other headers. Responses of a fetch cannot be changed, so it is a copy; bodies are not read. */
export function withHeaders(answer: EdgeResponse, change: (headers: Headers) => void): EdgeResponse {
  if (answer.response.status === 101) return answer;
  const response = new Response(answer.response.body, answer.response);
  change(response.headers);
  return { ...answer, response };
}
