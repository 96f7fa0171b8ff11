import type { Filter } from "../request/filter.ts";

/** Excludes every response from the access log. */
export function accessLog(): Filter {
  return async (exchange, next) => ({ ...(await next(exchange)), skipsAccessLog: true });
}
