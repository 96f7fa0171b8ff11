import { ownAnswer } from "../answer.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import type { Filter } from "./filter.ts";

/** Answers 503: what protects the route could not be read, or cannot be had here. */
export function closed({ because }: SettingsOf<"closed">): Filter {
  return async (exchange) => ownAnswer(exchange, 503, "closed", because);
}
