import { type Answer, ownAnswer, redirect, withHeader } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import { originHeaders } from "../forward/headers.ts";
import { subrequest } from "../forward/subrequest.ts";
import type { ExternalAuth } from "../rules/policies/external-auth.ts";
import { expand } from "../variables.ts";
import { type AuthAnswer, authAnswerOf, remembering } from "./auth-answer.ts";
import type { Site } from "./filter.ts";
import { denied, type Gate, type Verdict } from "./gate.ts";

// nginx's proxy_read_timeout, which holds for its authentication requests too.
const ANSWER_TIMEOUT_MS = 60_000;
// What the service is told in other words, or not at all: a client must not say it.
const FORWARDED = ["Proto", "Host", "Port", "Scheme"].map((about) => `X-Forwarded-${about}`);
const WITHHELD = [...FORWARDED, "X-Scheme", "X-Original-Forwarded-For", "X-Original-Forwarded-Host"];

/** Lets in whom another service answers with 2xx. Only its 401 and 403 are handed on: whatever else happens is 500. */
export function externalAuth(settings: ExternalAuth, site: Site): Gate {
  const { cache } = settings;
  const ask = (exchange: Exchange) => asked(settings, site, exchange);
  const answered = cache ? remembering(cache, ask) : ask;
  return async (exchange) => verdictOf(exchange, await answered(exchange), settings);
}

/** Where a client goes that nobody knows yet: instead of 401, with what that said. */
export function signIn(url: string, exchange: Exchange, unknown: Answer): Answer {
  const away = { ...unknown, response: redirect(302, expand(url, exchange)).response };
  const challenge = unknown.response.headers.get("WWW-Authenticate");
  return challenge === null ? away : withHeader(away, "WWW-Authenticate", challenge);
}

function verdictOf(exchange: Exchange, answer: AuthAnswer | string, settings: ExternalAuth): Verdict {
  if (typeof answer === "string") return failed(exchange, `the authentication service could not be asked: ${answer}`);
  const { status, cookies, challenge } = answer;
  if (status >= 200 && status < 300) {
    const values = new Map(answer.headers);
    return { is: "passed", originHeaders: settings.responseHeaders.map((name) => [name, values.get(name)]), cookies };
  }
  if (status !== 401 && status !== 403) return failed(exchange, `the authentication service answered ${status}`);
  const refused = denied(exchange, status, "the authentication service does not let the client in").answer;
  const told = status === 401 && challenge !== undefined ? withHeader(refused, "WWW-Authenticate", challenge) : refused;
  return { is: "denied", answer: { ...told, authAnswer: true }, cookies };
}

function failed(exchange: Exchange, because: string): Verdict {
  return { is: "failed", answer: { ...ownAnswer(exchange, 500, "denied", because), authAnswer: true } };
}

/** What the service answers, or why it could not be asked. */
async function asked(settings: ExternalAuth, site: Site, exchange: Exchange): Promise<AuthAnswer | string> {
  const { target, method = "GET", responseHeaders } = settings;
  const headers = headersFor(settings, exchange);
  const timeoutMs = Number(exchange.platform.env.ANSWER_TIMEOUT_MS ?? ANSWER_TIMEOUT_MS);
  try {
    const response = await subrequest(exchange, site, target, { method, headers, body: null, timeoutMs });
    await response.body?.cancel();
    return authAnswerOf(response, responseHeaders);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The client's headers, less those of its body and connection, and what ingress-nginx says of the request. */
function headersFor(settings: ExternalAuth, exchange: Exchange): Headers {
  const headers = originHeaders(exchange);
  for (const name of [...WITHHELD, "Content-Length", "Upgrade"]) headers.delete(name);
  const { request, scheme, hostHeader, rawPath, query } = exchange;
  headers.set("X-Original-URL", `${scheme}://${hostHeader}${rawPath}${query}`);
  headers.set("X-Original-Method", request.method);
  headers.set("X-Sent-From", "nginx-ingress-controller");
  headers.set("X-Auth-Request-Redirect", expand(settings.redirect, exchange));
  if (settings.method !== undefined) {
    headers.set("X-Original-URI", rawPath + query);
    headers.set("X-Scheme", scheme);
  }
  for (const [name, value] of settings.headers) headers.set(name, expand(value, exchange));
  return headers;
}
