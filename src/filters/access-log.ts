import type { Filter } from "../request/filter.ts";

/** Says of every answer that it is not to be logged. */
export function accessLog(): Filter {
  return async (exchange, next) => ({ ...(await next(exchange)), skipsAccessLog: true });
}
