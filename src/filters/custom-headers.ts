import type { Filter } from "../request/filter.ts";
import { withHeaders } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Sets headers on every answer, whatever its status and whatever the origin set. */
export function customHeaders({ headers }: SettingsOf<"customHeaders">): Filter {
  return async (exchange, next) =>
    withHeaders(await next(exchange), (responseHeaders) => {
      for (const [name, value] of headers) responseHeaders.set(name, value);
    });
}
