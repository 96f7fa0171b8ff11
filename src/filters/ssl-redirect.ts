import type { Filter } from "../request/filter.ts";
import { redirectResponse } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Redirects http to https with 308, to the host without port and the same path and query. */
export function sslRedirect({ keepsTrailingSlash, writesPort }: SettingsOf<"sslRedirect">): Filter {
  return async (exchange, next) => {
    if (exchange.scheme === "https") return next(exchange);
    const target = exchange.rawPath + exchange.query;
    const host = exchange.hostHeader.replace(/:\d*$/, "") + (writesPort ? ":443" : "");
    return redirectResponse(308, `https://${host}${keepsTrailingSlash ? target : target.replace(/\/$/, "")}`);
  };
}
