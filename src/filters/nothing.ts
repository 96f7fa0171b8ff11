import type { Filter } from "./filter.ts";

/** For policies that only the compiler acts on: their settings never reach the edge. */
export function nothing(_settings: never): Filter {
  return (exchange, next) => next(exchange);
}
