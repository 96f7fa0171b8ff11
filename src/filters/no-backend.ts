import type { Filter } from "../request/filter.ts";
import { errorResponse } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Answers 503, because the Service, its port or its address does not exist. */
export function noBackend({ reason }: SettingsOf<"noBackend">): Filter {
  return async (exchange) => errorResponse(exchange, 503, "no-backend", reason);
}
