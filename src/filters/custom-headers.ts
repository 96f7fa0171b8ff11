import type { Filter } from "../request/filter.ts";
import { withHeaders } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Sets headers on every response, with any status, and overrides those of the origin. */
export function customHeaders({ headers }: SettingsOf<"customHeaders">): Filter {
  return async (exchange, next) =>
    withHeaders(await next(exchange), (responseHeaders) => {
      for (const [name, value] of headers) responseHeaders.set(name, value);
    });
}
