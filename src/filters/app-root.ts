import { redirect } from "../answer.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { expand } from "../variables.ts";
import type { Filter } from "./filter.ts";

/** Sends `/` to the application's root, in the client's own scheme and host. */
export function appRoot({ path }: SettingsOf<"appRoot">): Filter {
  return async (exchange, next) =>
    exchange.path === "/"
      ? redirect(302, `${exchange.scheme}://${exchange.hostHeader}${expand(path, exchange)}`)
      : next(exchange);
}
