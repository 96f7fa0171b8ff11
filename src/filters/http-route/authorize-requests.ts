import type { Exchange } from "../../request/exchange.ts";
import type { Filter, HostContext } from "../../request/filter.ts";
import { buildOriginHeaders } from "../../request/proxy-headers.ts";
import { type EdgeResponse, errorResponse, withHeaders } from "../../request/response.ts";
import { isFramingHeader } from "../../rules/edge-headers.ts";
import { errorMessage } from "../../rules/error-message.ts";
import { buildOriginPath } from "../../rules/paths.ts";
import { DEFAULT_READ_TIMEOUT_S } from "../../rules/policies/upstream.ts";
import { hasStreamableBody } from "../../runtime/streams.ts";
import { asExchangeFor } from "./foreign-backend.ts";
import { readBytes } from "./read-bytes.ts";
import { type AuthFilter, listServiceOnlyHeaders, listServiceValues } from "./service-headers.ts";

/** A Worker has 128 MiB for all of its requests. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;
// Parts of a denial that the client gets: a redirect to a sign-in page, for example.
const DENIAL_HEADERS = ["Location", "WWW-Authenticate"];

/** Forwards a request only if another service answers it with 200. A failure of the service rejects the request. */
export function authorizeRequests(filter: AuthFilter, hostContext: HostContext): Filter {
  const maxBytes = Math.min(filter.maxBodyBytes, MAX_BODY_BYTES);
  const authorize = createAuthCall(filter, hostContext);
  return async (exchange, next) => {
    if (maxBytes === 0 || !hasStreamableBody(exchange)) return authorize(exchange, undefined, next);
    const bytes = await readBytes(exchange.body, maxBytes).catch(() => undefined);
    if (bytes === undefined) return errorResponse(exchange, 502, "client-closed", "the request body is incomplete");
    if (bytes === "too-large") return errorResponse(exchange, 413, "body-too-large", `more than ${maxBytes} bytes`);
    return authorize({ ...exchange, body: new Response(bytes).body }, bytes, next);
  };
}

type AuthCall = (
  exchange: Exchange,
  bytes: Uint8Array<ArrayBuffer> | undefined,
  next: Parameters<Filter>[1],
) => Promise<EdgeResponse>;

function createAuthCall(filter: AuthFilter, hostContext: HostContext): AuthCall {
  const sentHeaders = ["Authorization", ...filter.requestHeaders].filter((name) => !isFramingHeader(name));
  return async (exchange, bytes, next) => {
    const answer = await callService(filter, sentHeaders, hostContext, exchange, bytes).catch(errorMessage);
    if (typeof answer === "string")
      return reject(exchange, 500, `the authentication service is unreachable: ${answer}`);
    await answer.body?.cancel();
    if (answer.status !== 200) return deny(exchange, answer);
    const withheld = listServiceOnlyHeaders(filter, exchange).map((name) => [name, undefined] as const);
    const serviceHeaders = listServiceValues(filter, answer.headers);
    return next({ ...exchange, originHeaders: [...exchange.originHeaders, ...withheld, ...serviceHeaders] });
  };
}

function callService(
  { backend, pathPrefix }: AuthFilter,
  sentHeaders: readonly string[],
  hostContext: HostContext,
  exchange: Exchange,
  bytes: Uint8Array<ArrayBuffer> | undefined,
): Promise<Response> {
  const { request, platform, rawPath, path = "/" } = exchange;
  // The edge's headers about the client, and never the client's own of these names.
  const originHeaders = buildOriginHeaders(asExchangeFor(backend, exchange));
  const headers = new Headers();
  for (const name of sentHeaders) {
    const value = originHeaders.get(name);
    if (value !== null) headers.set(name, value);
  }
  if (bytes) headers.set("Content-Length", String(bytes.byteLength));
  const clientPath = { ...exchange, rawPath: pathPrefix.replace(/\/$/, "") + buildOriginPath(rawPath, path) };
  const target = { via: "backend", backend, path: "$request_uri" } as const;
  return hostContext.sendSubrequest(clientPath, target, {
    method: request.method,
    headers,
    body: bytes ? new Response(bytes).body : null,
    timeoutMs: Number(platform.env.ORIGIN_TIMEOUT_MS ?? DEFAULT_READ_TIMEOUT_S * 1000),
    signal: request.signal,
  });
}

/** Passes on redirects and client errors. Every other status is an error of the service. */
function deny(exchange: Exchange, { status, headers }: Response): EdgeResponse {
  if (status < 300 || status > 499) return reject(exchange, 500, `the authentication service answered ${status}`);
  const denial = reject(exchange, status, `the authentication service answered ${status}`);
  return withHeaders(denial, (denialHeaders) => {
    for (const name of DENIAL_HEADERS) {
      const value = headers.get(name);
      if (value !== null) denialHeaders.set(name, value);
    }
    for (const cookie of headers.getSetCookie()) denialHeaders.append("Set-Cookie", cookie);
  });
}

function reject(exchange: Exchange, status: number, reason: string): EdgeResponse {
  return { ...errorResponse(exchange, status, "denied", reason), isAuthResponse: true };
}
