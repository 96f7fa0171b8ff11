import type { Filter } from "../request/filter.ts";
import { expandVariables } from "../request/nginx-variables.ts";
import { redirectResponse } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Redirects `/` to the application's root, with the client's scheme and host. */
export function appRoot({ path }: SettingsOf<"appRoot">): Filter {
  return async (exchange, next) =>
    exchange.path === "/"
      ? redirectResponse(302, `${exchange.scheme}://${exchange.hostHeader}${expandVariables(path, exchange)}`)
      : next(exchange);
}
