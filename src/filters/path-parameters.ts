import type { Filter } from "../request/filter.ts";
import { errorResponse } from "../request/response.ts";

const PATH_PARAMETER = /;|%3b/i;

/** Rejects paths with a semicolon, escaped or not. Servers such as Tomcat drop a parameter before they match a path. */
export function pathParameters(): Filter {
  return async (exchange, next) =>
    PATH_PARAMETER.test(exchange.rawPath)
      ? errorResponse(exchange, 400, "bad-request", "path parameters are not allowed")
      : next(exchange);
}
