import { errorResponse } from "../answer.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import type { Filter } from "./filter.ts";

/** Answers 503: there is no Service, port or address to forward to. */
export function noBackend({ reason }: SettingsOf<"noBackend">): Filter {
  return async (exchange) => errorResponse(exchange, 503, "no-backend", reason);
}
