import type { Filter } from "../request/filter.ts";
import { expandVariables } from "../request/nginx-variables.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Passes on the settings for the origin, and the key of consistent hashing if no address is preferred. */
export function upstream(settings: SettingsOf<"upstream">): Filter {
  const { hashBy } = settings;
  return async (exchange, next) => {
    if (hashBy === undefined || exchange.preferredRecord !== undefined)
      return next({ ...exchange, upstream: settings });
    return next({ ...exchange, upstream: settings, hashKey: expandVariables(hashBy, exchange) });
  };
}
