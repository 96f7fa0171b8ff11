import type { Filter } from "../request/filter.ts";
import { redirectResponse } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Sends every request to another host, in its own scheme, with 308. Like ingress-nginx it writes the port, and cuts off a final slash. */
export function fromToWww({ to }: SettingsOf<"fromToWww">): Filter {
  return async ({ scheme, rawPath, query }) => {
    const target = (rawPath + query).replace(/\/$/, "");
    return redirectResponse(308, `${scheme}://${to}:${scheme === "https" ? 443 : 80}${target}`);
  };
}
