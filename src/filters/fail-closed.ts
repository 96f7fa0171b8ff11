import type { Filter } from "../request/filter.ts";
import { errorResponse } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Answers 503: what protects the route could not be read, or cannot be had here. */
export function failClosed({ reason }: SettingsOf<"failClosed">): Filter {
  return async (exchange) => errorResponse(exchange, 503, "failed-closed", reason);
}
