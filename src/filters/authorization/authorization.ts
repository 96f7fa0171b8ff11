import type { Exchange } from "../../request/exchange.ts";
import type { Filter, HostContext } from "../../request/filter.ts";
import { type EdgeResponse, errorResponse, withHeaders } from "../../request/response.ts";
import type { SettingsOf } from "../../rules/policies/index.ts";
import { type AuthCheck, type AuthVerdict, DECLINE } from "./auth-check.ts";
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
    if (!isRejection(verdict)) {
      const serviceHeaders = verdict.type === "allowed" ? (verdict.originHeaders ?? []) : [];
      const originHeaders = [...exchange.originHeaders, ...droppedHeaders, ...serviceHeaders];
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
    const acceptances: Extract<AuthVerdict, { type: "allowed" }>[] = [];
    for (const check of checks) {
      const verdict = await check(exchange);
      if (isRejection(verdict)) return verdict;
      if (verdict.type === "allowed") acceptances.push(verdict);
    }
    if (checks.length === 0) return denyAll(exchange);
    return {
      type: "allowed",
      originHeaders: acceptances.flatMap(({ originHeaders }) => originHeaders ?? []),
      cookies: acceptances.flatMap(({ cookies }) => cookies ?? []),
    };
  };
}

/**
 * If no check accepts and one denies, the request is denied. A 401 overrides a 403. If all checks decline, the request
 * passes, as in nginx. A failed check ends the request, as it might have accepted the client.
 */
function anyCheck(checks: readonly AuthCheck[]): AuthCheck {
  return async (exchange) => {
    const denials: Rejection[] = [];
    for (const check of checks) {
      const verdict = await check(exchange);
      if (verdict.type === "allowed" || verdict.type === "failed") return verdict;
      if (verdict.type === "denied") denials.push(verdict);
    }
    if (checks.length === 0) return denyAll(exchange);
    return denials.findLast(({ answer }) => answer.response.status === 401) ?? denials[0] ?? DECLINE;
  };
}

type Rejection = Extract<AuthVerdict, { answer: EdgeResponse }>;

function isRejection(verdict: AuthVerdict): verdict is Rejection {
  return verdict.type === "denied" || verdict.type === "failed";
}

function denyAll(exchange: Exchange): AuthVerdict {
  return {
    type: "failed",
    answer: errorResponse(exchange, 503, "failed-closed", "no authorization check is configured"),
  };
}

function withCookies(answer: EdgeResponse, cookies: readonly string[], alwaysSet = false): EdgeResponse {
  const { status } = answer.response;
  if (cookies.length === 0 || !(alwaysSet || COOKIE_STATUSES.includes(status))) return answer;
  return withHeaders(answer, (headers) => {
    for (const cookie of cookies) headers.append("Set-Cookie", cookie);
  });
}
