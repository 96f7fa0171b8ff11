import type { Filter } from "../request/filter.ts";
import { errorResponse } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Answers 503: there is no Service, port or address to forward to. */
export function noBackend({ reason }: SettingsOf<"noBackend">): Filter {
  return async (exchange) => errorResponse(exchange, 503, "no-backend", reason);
}
