import type { Filter } from "../request/filter.ts";
import { redirectResponse } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Redirects every request to another host with 308. Adds the port and removes a final slash, as in ingress-nginx. */
export function fromToWww({ to }: SettingsOf<"fromToWww">): Filter {
  return async ({ scheme, rawPath, query }) => {
    const target = (rawPath + query).replace(/\/$/, "");
    return redirectResponse(308, `${scheme}://${to}:${scheme === "https" ? 443 : 80}${target}`);
  };
}
