import type { Filter } from "../request/filter.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { allowOrigins } from "./http-route/cross-origin.ts";

/** Answers preflights of an HTTPRoute's rule, and sets CORS headers on its other responses. */
export function routeCors(settings: SettingsOf<"routeCors">): Filter {
  return allowOrigins(settings);
}
