import type { Filter } from "../request/filter.ts";
import { errorResponse } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Answers 503, because a guard of the route is unreadable or unsupported. */
export function failClosed({ reason }: SettingsOf<"failClosed">): Filter {
  return async (exchange) => errorResponse(exchange, 503, "failed-closed", reason);
}
