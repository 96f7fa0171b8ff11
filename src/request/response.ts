import type { Exchange } from "./exchange.ts";

/** Every way in which a request ends: for the access line, one word each, and for the documentation, its status and meaning. */
export const OUTCOMES = {
  routed: { status: "origin's", doc: "The origin's response." },
  redirected: { status: "300 to 308", doc: "A redirect by an annotation, or from http to https." },
  preflight: { status: "204", doc: "The response to a CORS preflight." },
  "no-route": { status: "404", doc: "No rule matches the host and path." },
  "no-backend": { status: "503", doc: "The path has no usable Service, port or address." },
  "failed-closed": { status: "503", doc: "A guard is unreadable or unsupported, or a Secret cannot be decrypted." },
  denied: {
    status: "302, 400, 401, 403, 500",
    doc: "A guard denied the request, or the authentication service failed.",
  },
  "bad-request": { status: "400, 414", doc: "The path is malformed, or too long for a regex." },
  "empty-rewrite": { status: "500", doc: "The rewritten path is empty." },
  "body-too-large": { status: "413", doc: "The body exceeds `proxy-body-size`." },
  "rate-limited": { status: "503", doc: "The request exceeds a rate limit or connection limit." },
  "origin-unreachable": { status: "502", doc: "The connection to the origin failed." },
  "origin-timeout": { status: "504", doc: "The origin did not respond in time." },
  "client-closed": { status: "400, 502", doc: "The client closed the connection, or its body broke off." },
  "subrequest-loop": { status: "508", doc: "A subrequest requests itself." },
  "no-snapshot": { status: "503", doc: "No snapshot can be loaded." },
  "internal-error": { status: "500", doc: "A bug in the Worker. `reason` has the message." },
} as const satisfies Record<string, { readonly status: string; readonly doc: string }>;

export type RequestOutcome = keyof typeof OUTCOMES;

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
