import type { Exchange } from "../../request/exchange.ts";
import type { Filter, HostContext } from "../../request/filter.ts";
import { type EdgeResponse, errorResponse } from "../../request/response.ts";
import type { SettingsOf } from "../../rules/policies/index.ts";
import type { AuthCheck, AuthVerdict } from "./auth-check.ts";
import { basicAuth } from "./basic-auth.ts";
import { externalAuth, redirectToSignIn } from "./external-auth.ts";
import { sourceRange } from "./source-range.ts";

// Beside what nginx's add_header calls an answer that may have them.
const COOKIE_STATUSES = [200, 201, 204, 206, 301, 302, 303, 304, 307, 308];

/** Lets in whom all its parts, or any of them, let in; nobody where it has none. */
export function authorization(settings: SettingsOf<"authorization">, hostContext: HostContext): Filter {
  const { any, basic, external } = settings;
  const checks = createChecks(settings, hostContext);
  const decide = any ? anyCheck(checks) : allChecks(checks);
  // Whichever part let the client in: the origin never sees the password, nor what a client claims in the service's name.
  const withheldHeaders = [...(basic ? ["Authorization"] : []), ...(external?.responseHeaders ?? [])];
  const droppedHeaders = withheldHeaders.map((name) => [name, undefined] as const);
  return async (exchange, next) => {
    const verdict = await decide(exchange);
    const cookies = verdict.cookies ?? [];
    if (verdict.type === "allowed") {
      const originHeaders = [...exchange.originHeaders, ...droppedHeaders, ...(verdict.originHeaders ?? [])];
      return withCookies(await next({ ...exchange, originHeaders }), cookies, external?.alwaysSetsCookies);
    }
    const { answer } = verdict;
    const signInUrl = answer.response.status === 401 ? external?.signIn : undefined;
    const finalAnswer = signInUrl === undefined ? answer : redirectToSignIn(signInUrl, exchange, answer);
    return withCookies(finalAnswer, cookies, external?.alwaysSetsCookies);
  };
}

/** In nginx's order, so that the cheap ones come first. */
function createChecks(
  { sourceRange: ranges, basic, external }: SettingsOf<"authorization">,
  hostContext: HostContext,
): AuthCheck[] {
  return [
    ...(ranges ? [sourceRange(ranges)] : []),
    ...(basic ? [basicAuth(basic)] : []),
    ...(external ? [externalAuth(external, hostContext)] : []),
  ];
}

function allChecks(checks: readonly AuthCheck[]): AuthCheck {
  return async (exchange) => {
    let verdict = denyAll(exchange);
    const originHeaders: Exchange["originHeaders"][number][] = [];
    for (const check of checks) {
      verdict = await check(exchange);
      if (verdict.type !== "allowed") return verdict;
      originHeaders.push(...(verdict.originHeaders ?? []));
    }
    return verdict.type === "allowed" ? { ...verdict, originHeaders } : verdict;
  };
}

/** Who is denied by all is told what may still help: 401, if any of them said so. What failed may have let in, so it ends. */
function anyCheck(checks: readonly AuthCheck[]): AuthCheck {
  return async (exchange) => {
    let denial = denyAll(exchange);
    for (const check of checks) {
      const verdict = await check(exchange);
      if (verdict.type !== "denied") return verdict;
      if (denial.type !== "denied" || verdict.answer.response.status === 401) denial = verdict;
    }
    return denial;
  };
}

function denyAll(exchange: Exchange): AuthVerdict {
  return { type: "failed", answer: errorResponse(exchange, 503, "failed-closed", "nothing says who is let in") };
}

function withCookies(answer: EdgeResponse, cookies: readonly string[], alwaysSet = false): EdgeResponse {
  const { status } = answer.response;
  if (cookies.length === 0 || status === 101 || !(alwaysSet || COOKIE_STATUSES.includes(status))) return answer;
  const response = new Response(answer.response.body, answer.response);
  for (const cookie of cookies) response.headers.append("Set-Cookie", cookie);
  return { ...answer, response };
}
