import { type Answer, ownAnswer } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { basicAuth } from "./basic-auth.ts";
import { externalAuth, signIn } from "./external-auth.ts";
import type { Filter, Site } from "./filter.ts";
import type { Gate, Verdict } from "./gate.ts";
import { sourceRange } from "./source-range.ts";

// Beside what nginx's add_header calls an answer that may have them.
const COOKIE_STATUSES = [200, 201, 204, 206, 301, 302, 303, 304, 307, 308];

/** Lets in whom all its parts, or any of them, let in; nobody where it has none. */
export function access(settings: SettingsOf<"access">, site: Site): Filter {
  const { any, basic, external } = settings;
  const gates = gatesOf(settings, site);
  const decide = any ? anyOf(gates) : allOf(gates);
  // Whichever part let the client in: the origin never sees the password, nor what a client claims in the service's name.
  const withheld = [...(basic ? ["Authorization"] : []), ...(external?.responseHeaders ?? [])];
  const dropped = withheld.map((name) => [name, undefined] as const);
  return async (exchange, next) => {
    const verdict = await decide(exchange);
    const cookies = verdict.cookies ?? [];
    if (verdict.is === "passed") {
      const originHeaders = [...exchange.originHeaders, ...dropped, ...(verdict.originHeaders ?? [])];
      return withCookies(await next({ ...exchange, originHeaders }), cookies, external?.alwaysSetsCookies);
    }
    const { answer } = verdict;
    const away = answer.response.status === 401 ? external?.signIn : undefined;
    const told = away === undefined ? answer : signIn(away, exchange, answer);
    return withCookies(told, cookies, external?.alwaysSetsCookies);
  };
}

/** In nginx's order, so that the cheap ones come first. */
function gatesOf({ sourceRange: ranges, basic, external }: SettingsOf<"access">, site: Site): Gate[] {
  return [
    ...(ranges ? [sourceRange(ranges)] : []),
    ...(basic ? [basicAuth(basic)] : []),
    ...(external ? [externalAuth(external, site)] : []),
  ];
}

function allOf(gates: readonly Gate[]): Gate {
  return async (exchange) => {
    let verdict = nobody(exchange);
    const originHeaders: Exchange["originHeaders"][number][] = [];
    for (const gate of gates) {
      verdict = await gate(exchange);
      if (verdict.is !== "passed") return verdict;
      originHeaders.push(...(verdict.originHeaders ?? []));
    }
    return verdict.is === "passed" ? { ...verdict, originHeaders } : verdict;
  };
}

/** Who is denied by all is told what may still help: 401, if any of them said so. What failed may have let in, so it ends. */
function anyOf(gates: readonly Gate[]): Gate {
  return async (exchange) => {
    let worst = nobody(exchange);
    for (const gate of gates) {
      const verdict = await gate(exchange);
      if (verdict.is !== "denied") return verdict;
      if (worst.is !== "denied" || verdict.answer.response.status === 401) worst = verdict;
    }
    return worst;
  };
}

function nobody(exchange: Exchange): Verdict {
  return { is: "failed", answer: ownAnswer(exchange, 503, "closed", "nothing says who is let in") };
}

function withCookies(answer: Answer, cookies: readonly string[], always = false): Answer {
  const { status } = answer.response;
  if (cookies.length === 0 || status === 101 || !(always || COOKIE_STATUSES.includes(status))) return answer;
  const response = new Response(answer.response.body, answer.response);
  for (const cookie of cookies) response.headers.append("Set-Cookie", cookie);
  return { ...answer, response };
}
