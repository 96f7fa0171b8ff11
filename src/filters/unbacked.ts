import { ownAnswer } from "../answer.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import type { Filter } from "./filter.ts";

/** Answers 503: there is no Service, port or address to forward to. */
export function unbacked({ because }: SettingsOf<"unbacked">): Filter {
  return async (exchange) => ownAnswer(exchange, 503, "backend-missing", because);
}
