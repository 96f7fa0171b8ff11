import type { Exchange } from "../../request/exchange.ts";
import type { HostContext } from "../../request/filter.ts";
import { expandVariables } from "../../request/nginx-variables.ts";
import { buildOriginHeaders } from "../../request/proxy-headers.ts";
import { type EdgeResponse, errorResponse, redirectResponse, withHeader } from "../../request/response.ts";
import { isEdgeHeader } from "../../rules/edge-headers.ts";
import { errorMessage } from "../../rules/error-message.ts";
import type { ExternalAuth } from "../../rules/policies/external-auth.ts";
import { type AuthCheck, type AuthVerdict, denyRequest } from "./auth-check.ts";
import { type AuthResponse, parseAuthResponse, withCache } from "./auth-response.ts";
import { listServiceHeaders } from "./withheld-headers.ts";

// nginx's proxy_read_timeout, which applies to authentication requests too.
const DEFAULT_AUTH_TIMEOUT_MS = 60_000;
// Headers that ingress-nginx sends to origins, but not to its authentication service.
const FORWARDED_HEADERS = ["Proto", "Host", "Port", "Scheme"].map((suffix) => `X-Forwarded-${suffix}`);
const OMITTED_HEADERS = [
  ...FORWARDED_HEADERS,
  ...["X-Scheme", "X-Original-Forwarded-For", "X-Original-Forwarded-Host", "Content-Length"],
];
// The service verifies the client's own, even if it also sends them to the origin.
const CREDENTIALS = ["authorization", "cookie"];

/** Accepts clients if another service answers 2xx. Passes its 401 and 403 on; all other results are 500. */
export function externalAuth(settings: ExternalAuth, hostContext: HostContext): AuthCheck {
  const { cache } = settings;
  const callService = (exchange: Exchange) => callAuthService(settings, hostContext, exchange);
  const callWithCache = cache ? withCache(cache, settings, callService) : callService;
  const serviceHeaders = listServiceHeaders(settings);
  return async (exchange) => classifyAuthResponse(exchange, await callWithCache(exchange), serviceHeaders);
}

/** Replaces a 401 with a redirect to the sign-in URL, and keeps its challenge. */
export function redirectToSignIn(url: string, exchange: Exchange, denial: EdgeResponse): EdgeResponse {
  const redirection = { ...denial, response: redirectResponse(302, expandVariables(url, exchange)).response };
  const challenge = denial.response.headers.get("WWW-Authenticate");
  return challenge === null ? redirection : withHeader(redirection, "WWW-Authenticate", challenge);
}

function classifyAuthResponse(
  exchange: Exchange,
  answer: AuthResponse | string,
  serviceHeaders: readonly string[],
): AuthVerdict {
  if (exchange.request.signal.aborted)
    return { type: "failed", answer: { ...errorResponse(exchange, 502, "client-closed"), isAuthResponse: true } };
  if (typeof answer === "string") return failCheck(exchange, `the authentication service is unreachable: ${answer}`);
  const { status, cookies, challenge } = answer;
  if (status >= 200 && status < 300) {
    const values = new Map(answer.headers);
    return {
      type: "allowed",
      originHeaders: serviceHeaders.map((name) => [name, values.get(name)]),
      cookies,
    };
  }
  if (status !== 401 && status !== 403) return failCheck(exchange, `the authentication service answered ${status}`);
  const plainDenial = denyRequest(exchange, status, "the authentication service denied the client").answer;
  const denial =
    status === 401 && challenge !== undefined ? withHeader(plainDenial, "WWW-Authenticate", challenge) : plainDenial;
  return { type: "denied", answer: { ...denial, isAuthResponse: true }, cookies };
}

function failCheck(exchange: Exchange, reason: string): AuthVerdict {
  return { type: "failed", answer: { ...errorResponse(exchange, 500, "denied", reason), isAuthResponse: true } };
}

/** Returns the response of the service, or the reason of a failure. */
async function callAuthService(
  settings: ExternalAuth,
  hostContext: HostContext,
  exchange: Exchange,
): Promise<AuthResponse | string> {
  const { target, method = "GET", responseHeaders } = settings;
  const edgeHeaders = buildRequestDescription(exchange);
  const headers = buildAuthHeaders(settings, exchange, edgeHeaders);
  const identityHeaders = exchange.originHeaders.map(([name]) => name);
  const timeoutMs = Number(exchange.platform.env.ORIGIN_TIMEOUT_MS ?? DEFAULT_AUTH_TIMEOUT_MS);
  try {
    const response = await hostContext.sendSubrequest(exchange, target, {
      ...{ method, headers, edgeHeaders, identityHeaders, timeoutMs },
      body: null,
      signal: exchange.request.signal,
    });
    await response.body?.cancel();
    return parseAuthResponse(response, responseHeaders);
  } catch (error) {
    return errorMessage(error);
  }
}

/** Returns the headers about the client's request. The service must never get the client's own of these names. */
function buildRequestDescription({ request, scheme, hostHeader, rawPath, query }: Exchange): [string, string][] {
  return [
    ["X-Original-URL", `${scheme}://${hostHeader}${rawPath}${query}`],
    ["X-Original-URI", rawPath + query],
    ["X-Original-Method", request.method],
    ["X-Forwarded-Uri", rawPath + query],
    ["X-Forwarded-Method", request.method],
  ];
}

/** Builds the request headers: the client's without body and connection headers, and those of ingress-nginx. */
function buildAuthHeaders(
  { target, method, redirect, headers: extraHeaders, responseHeaders }: ExternalAuth,
  exchange: Exchange,
  edgeHeaders: readonly [string, string][],
): Headers {
  const headers = buildOriginHeaders(exchange);
  const forgeableHeaders = responseHeaders.filter((name) => !CREDENTIALS.includes(name.toLowerCase()));
  for (const name of [...OMITTED_HEADERS, ...forgeableHeaders.filter((name) => !isEdgeHeader(name))])
    headers.delete(name);
  for (const [name, value] of edgeHeaders) headers.set(name, value);
  headers.set("X-Sent-From", "nginx-ingress-controller");
  headers.set("X-Auth-Request-Redirect", expandVariables(redirect, exchange));
  if (method !== undefined) headers.set("X-Scheme", exchange.scheme);
  // A Service of another namespace trusts the headers of the edge, so a tenant must not set them.
  const isForeign = target.via === "backend" && !target.backend.startsWith(`${exchange.labels.namespace}/`);
  for (const [name, value] of extraHeaders) {
    if (!isForeign || !isEdgeHeader(name)) headers.set(name, expandVariables(value, exchange));
  }
  return headers;
}
