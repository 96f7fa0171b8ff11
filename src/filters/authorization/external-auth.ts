import type { Exchange } from "../../request/exchange.ts";
import type { HostContext } from "../../request/filter.ts";
import { expandVariables } from "../../request/nginx-variables.ts";
import { buildOriginHeaders } from "../../request/proxy-headers.ts";
import { type EdgeResponse, errorResponse, redirectResponse, withHeader } from "../../request/response.ts";
import { errorMessage } from "../../rules/error-message.ts";
import type { ExternalAuth } from "../../rules/policies/external-auth.ts";
import { type AuthCheck, type AuthVerdict, denyRequest } from "./auth-check.ts";
import { type AuthResponse, parseAuthResponse, withCache } from "./auth-response.ts";

// nginx's proxy_read_timeout, which applies to authentication requests too.
const DEFAULT_AUTH_TIMEOUT_MS = 60_000;
// Headers that the service gets under other names or not at all. A client must not set them.
const FORWARDED_HEADERS = ["Proto", "Host", "Port", "Scheme"].map((suffix) => `X-Forwarded-${suffix}`);
const WITHHELD_HEADERS = [...FORWARDED_HEADERS, "X-Scheme", "X-Original-Forwarded-For", "X-Original-Forwarded-Host"];

/** Accepts clients if another service answers 2xx. Passes its 401 and 403 on; all other results are 500. */
export function externalAuth(settings: ExternalAuth, hostContext: HostContext): AuthCheck {
  const { cache } = settings;
  const callService = (exchange: Exchange) => callAuthService(settings, hostContext, exchange);
  const callWithCache = cache ? withCache(cache, callService) : callService;
  return async (exchange) => classifyAuthResponse(exchange, await callWithCache(exchange), settings);
}

/** Replaces a 401 with a redirect to the sign-in URL, and keeps its challenge. */
export function redirectToSignIn(url: string, exchange: Exchange, denial: EdgeResponse): EdgeResponse {
  const redirection = { ...denial, response: redirectResponse(302, expandVariables(url, exchange)).response };
  const challenge = denial.response.headers.get("WWW-Authenticate");
  return challenge === null ? redirection : withHeader(redirection, "WWW-Authenticate", challenge);
}

function classifyAuthResponse(exchange: Exchange, answer: AuthResponse | string, settings: ExternalAuth): AuthVerdict {
  if (typeof answer === "string") return failCheck(exchange, `the authentication service is unreachable: ${answer}`);
  const { status, cookies, challenge } = answer;
  if (status >= 200 && status < 300) {
    const values = new Map(answer.headers);
    return {
      type: "allowed",
      originHeaders: settings.responseHeaders.map((name) => [name, values.get(name)]),
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
  const headers = buildAuthHeaders(settings, exchange);
  const timeoutMs = Number(exchange.platform.env.ORIGIN_TIMEOUT_MS ?? DEFAULT_AUTH_TIMEOUT_MS);
  try {
    const response = await hostContext.sendSubrequest(exchange, target, { method, headers, body: null, timeoutMs });
    await response.body?.cancel();
    return parseAuthResponse(response, responseHeaders);
  } catch (error) {
    return errorMessage(error);
  }
}

/** Builds the request headers: the client's without body and connection headers, and those of ingress-nginx. */
function buildAuthHeaders(settings: ExternalAuth, exchange: Exchange): Headers {
  const headers = buildOriginHeaders(exchange);
  for (const name of [...WITHHELD_HEADERS, "Content-Length", "Upgrade"]) headers.delete(name);
  const { request, scheme, hostHeader, rawPath, query } = exchange;
  headers.set("X-Original-URL", `${scheme}://${hostHeader}${rawPath}${query}`);
  headers.set("X-Original-Method", request.method);
  headers.set("X-Sent-From", "nginx-ingress-controller");
  headers.set("X-Auth-Request-Redirect", expandVariables(settings.redirect, exchange));
  if (settings.method !== undefined) {
    headers.set("X-Original-URI", rawPath + query);
    headers.set("X-Scheme", scheme);
  }
  for (const [name, value] of settings.headers) headers.set(name, expandVariables(value, exchange));
  return headers;
}
