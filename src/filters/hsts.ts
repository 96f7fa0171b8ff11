import type { Filter } from "../request/filter.ts";
import { withHeader } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Tells browsers to keep to https; over http the header would mean nothing (RFC 6797, 7.2). */
export function hsts({ value }: SettingsOf<"hsts">): Filter {
  return async (exchange, next) => {
    const answer = await next(exchange);
    return exchange.scheme === "https" ? withHeader(answer, "Strict-Transport-Security", value) : answer;
  };
}
