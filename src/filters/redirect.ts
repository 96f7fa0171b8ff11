import type { Filter } from "../request/filter.ts";
import { expandVariables, withEscapedGroups } from "../request/nginx-variables.ts";
import { redirectResponse as redirectTo } from "../request/response.ts";
import { isTemplate } from "../rules/nginx-variables.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Redirects every request. */
export function redirect({ code, location, isRelative }: SettingsOf<"redirect">): Filter {
  const hasVariables = isTemplate(location);
  return async (exchange) => {
    const target = hasVariables ? expandVariables(location, withEscapedGroups(exchange)) : location;
    // Two slashes would begin a host, which a variable must not set.
    const staysRelative = isRelative && !/^\/[/\\]/.test(target);
    const absolute = target.startsWith("/") && !staysRelative;
    return redirectTo(code, absolute ? `${exchange.scheme}://${exchange.host}${target}` : target);
  };
}
