import type { Filter } from "../request/filter.ts";
import { withHeaders } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Replaces domain and path of the origin's cookies. */
export function proxyCookie({ domain, path }: SettingsOf<"proxyCookie">): Filter {
  const withoutDot = domain?.from.replace(/^\./, "").toLowerCase();
  // A dot before the domain is ignored and kept.
  const rewriteDomain = (value: string) => {
    const [, dot = "", bareDomain = ""] = /^(\.?)(.*)$/.exec(value) ?? [];
    return domain && bareDomain.toLowerCase() === withoutDot ? dot + domain.to : value;
  };
  const rewritePath = (value: string) =>
    path && value.startsWith(path.from) ? path.to + value.slice(path.from.length) : value;
  return async (exchange, next) => {
    const answer = await next(exchange);
    const cookies = answer.response.headers.getSetCookie();
    if (answer.outcome !== "routed" || cookies.length === 0) return answer;
    return withHeaders(answer, (headers) => {
      headers.delete("Set-Cookie");
      for (const cookie of cookies) headers.append("Set-Cookie", withAttributes(cookie, rewriteDomain, rewritePath));
    });
  };
}

const ATTRIBUTE_NAME = /^\s*(domain|path)\s*=\s*/i;

type Rewrite = (value: string) => string;

function withAttributes(cookie: string, rewriteDomain: Rewrite, rewritePath: Rewrite): string {
  const [pair, ...attributes] = cookie.split(";");
  const rewrittenAttributes = attributes.map((attribute) => {
    const [prefix, name = ""] = ATTRIBUTE_NAME.exec(attribute) ?? [];
    if (prefix === undefined) return attribute;
    const value = attribute.slice(prefix.length).trim();
    return prefix + (name.toLowerCase() === "domain" ? rewriteDomain(value) : rewritePath(value));
  });
  return [pair, ...rewrittenAttributes].join(";");
}
