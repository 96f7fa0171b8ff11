import type { RequestOutcome } from "./outcomes.ts";

/** A response, with details for the access log and the filters. */
export interface EdgeResponse {
  readonly response: Response;
  readonly outcome: RequestOutcome;
  /** Details of the outcome. */
  readonly reason?: string;
  /** The matched route and its backend. */
  readonly route?: string | undefined;
  readonly backend?: string | undefined;
  /** The address that was tried, and its response time in milliseconds. */
  readonly origin?: string;
  readonly originMs?: number;
  /** Number of addresses that were tried, if more than one. */
  readonly attempts?: number;
  /** The DNS record of that address. */
  readonly record?: string;
  /** The headers as the origin sent them, if the edge has replaced the host of its redirects. */
  readonly unchangedHeaders?: Headers;
  /**
   * Resolves when a filter has sent the body to the client, or the client has disconnected. Undefined if no filter reads
   * the body.
   */
  readonly bodySent?: Promise<void>;
  /** The response is a copy of the edge, so that filters change its headers in place. */
  readonly isCopy?: boolean;
  /** The rate limiter was unreachable, so no limit applied. */
  readonly rateLimitSkipped?: boolean;
  /** It is the response of an authentication service. No error page replaces it. */
  readonly isAuthResponse?: boolean;
  /** It is not logged in the access log. */
  readonly skipsAccessLog?: boolean;
}

const REASON_PHRASES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  411: "Length Required",
  413: "Content Too Large",
  414: "URI Too Long",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  508: "Loop Detected",
};

/** Builds an error response of the edge: a short text with the request id, without internal details. */
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

/** Builds a redirect. Escapes characters that are invalid in a header, as browsers do. */
export function redirectResponse(status: number, location: string): EdgeResponse {
  const escapedLocation = location.replace(/[^\x21-\x7e]+/g, (text) => encodeURIComponent(text.toWellFormed()));
  return { response: new Response(null, { status, headers: { Location: escapedLocation } }), outcome: "redirected" };
}

/** Returns the response with a header set. */
export function withHeader(answer: EdgeResponse, name: string, value: string): EdgeResponse {
  return withHeaders(answer, (headers) => headers.set(name, value));
}

/**
 * Whether a script can copy a response, to change it: not a WebSocket, nor a status from 600 on. workerd can send them only
 * as the origin's own response, which is immutable.
 */
export function isCopyable({ status }: Response): boolean {
  return status >= 200 && status <= 599;
}

/** Returns the response with changed headers, if it can be copied. */
export function withHeaders(answer: EdgeResponse, change: (headers: Headers) => void): EdgeResponse {
  if (!isCopyable(answer.response)) return answer;
  const copy = answer.isCopy ? answer : { ...answer, ...copyResponse(answer.response) };
  change(copy.response.headers);
  return copy;
}

/** Returns a copy with headers that can be changed, because responses of a fetch are immutable. */
export function copyResponse(response: Response): Pick<EdgeResponse, "response" | "isCopy"> {
  return { response: new Response(response.body, response), isCopy: true };
}
