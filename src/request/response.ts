/** Every outcome of a request, as the access log names it. One sentence each, for the documentation. */
export const REQUEST_OUTCOMES = {
  routed: "The origin answered.",
  redirected: "The edge sent a redirect.",
  preflight: "The edge answered a CORS preflight.",
  "no-route": "No route matched, or the route has no backend: 404.",
  "no-backend": "The Service, its port or its address does not exist: 503.",
  "failed-closed": "A guard is unreadable or unsupported, so the route is closed: 503.",
  denied: "Authorization or the client certificate check rejected the request.",
  "bad-request": "The path is invalid or too long: 400 or 414.",
  "empty-rewrite": "The rewritten path is empty: 500.",
  "body-too-large": "The body exceeds `proxy-body-size`: 413.",
  "rate-limited": "The client exceeds a limit: 503.",
  "origin-unreachable": "No address of the backend could be reached: 502.",
  "origin-timeout": "The origin did not respond in time: 504.",
  "client-closed": "The client disconnected before its request was complete.",
  "subrequest-loop": "Subrequests are nested too deeply: 508.",
  "no-snapshot": "The Worker has no snapshot: 503.",
  "internal-error": "The Worker failed unexpectedly: 500.",
} as const;

export type RequestOutcome = keyof typeof REQUEST_OUTCOMES;

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
  exchange: { readonly id: string },
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
