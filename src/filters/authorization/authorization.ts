import type { Exchange } from "../../request/exchange.ts";
import type { Filter, HostContext } from "../../request/filter.ts";
import { type EdgeResponse, errorResponse } from "../../request/response.ts";
import type { SettingsOf } from "../../rules/policies/index.ts";
import type { AuthCheck, AuthVerdict } from "./auth-check.ts";
import { basicAuth } from "./basic-auth.ts";
import { externalAuth, redirectToSignIn } from "./external-auth.ts";
import { sourceRange } from "./source-range.ts";
import { listWithheldHeaders } from "./withheld-headers.ts";

// Statuses that may set cookies, as in nginx's add_header.
const COOKIE_STATUSES = [200, 201, 204, 206, 301, 302, 303, 304, 307, 308];

/** Accepts clients that all checks, or any check, accept. Rejects all clients if there are no checks. */
export function authorization(settings: SettingsOf<"authorization">, hostContext: HostContext): Filter {
  const { any, external } = settings;
  const checks = createChecks(settings, hostContext);
  const decide = any ? anyCheck(checks) : allChecks(checks);
  const droppedHeaders = listWithheldHeaders(settings).map((name) => [name, undefined] as const);
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

/** Returns the checks in nginx's order, cheap ones first. */
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

/** If all checks deny, a 401 overrides a 403. A failed check ends the request, as it might have accepted the client. */
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
  return {
    type: "failed",
    answer: errorResponse(exchange, 503, "failed-closed", "no authorization check is configured"),
  };
}

function withCookies(answer: EdgeResponse, cookies: readonly string[], alwaysSet = false): EdgeResponse {
  const { status } = answer.response;
  if (cookies.length === 0 || status === 101 || !(alwaysSet || COOKIE_STATUSES.includes(status))) return answer;
  const response = new Response(answer.response.body, answer.response);
  for (const cookie of cookies) response.headers.append("Set-Cookie", cookie);
  return { ...answer, response };
}
