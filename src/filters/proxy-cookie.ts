import { withHeaders } from "../answer.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import type { Filter } from "./filter.ts";

/** Rewrites domain and path of the cookies that the origin sets. */
export function proxyCookie({ domain, path }: SettingsOf<"proxyCookie">): Filter {
  const withoutDot = domain?.from.replace(/^\./, "").toLowerCase();
  // A dot before a domain means nothing, so it is not compared, and stays.
  const domainOf = (own: string) => {
    const [, dot = "", bare = ""] = /^(\.?)(.*)$/.exec(own) ?? [];
    return domain && bare.toLowerCase() === withoutDot ? dot + domain.to : own;
  };
  const pathOf = (own: string) => (path && own.startsWith(path.from) ? path.to + own.slice(path.from.length) : own);
  return async (exchange, next) => {
    const answer = await next(exchange);
    const cookies = answer.response.headers.getSetCookie();
    if (answer.outcome !== "routed" || cookies.length === 0) return answer;
    return withHeaders(answer, (headers) => {
      headers.delete("Set-Cookie");
      for (const cookie of cookies) headers.append("Set-Cookie", withAttributes(cookie, domainOf, pathOf));
    });
  };
}

type Change = (own: string) => string;

function withAttributes(cookie: string, domainOf: Change, pathOf: Change): string {
  const [pair, ...attributes] = cookie.split(";");
  const changed = attributes.map((attribute) => {
    const [, before = "", name = "", value = ""] = /^(\s*(domain|path)\s*=\s*)(.*?)\s*$/i.exec(attribute) ?? [];
    if (name === "") return attribute;
    return before + (name.toLowerCase() === "domain" ? domainOf(value) : pathOf(value));
  });
  return [pair, ...changed].join(";");
}
