import type { Filter } from "../request/filter.ts";
import { withHeader } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Sets Strict-Transport-Security on https responses. Browsers ignore it over http (RFC 6797, 7.2). */
export function hsts({ value }: SettingsOf<"hsts">): Filter {
  return async (exchange, next) => {
    const answer = await next(exchange);
    return exchange.scheme === "https" ? withHeader(answer, "Strict-Transport-Security", value) : answer;
  };
}
