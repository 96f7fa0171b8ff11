import { createIpMatcher } from "../../rules/addresses.ts";
import type { SourceRange } from "../../rules/policies/source-range.ts";
import { ALLOW, type AuthCheck, denyRequest } from "./auth-check.ts";

// If only some addresses are denied, all others are accepted, except an unknown address.
const isValidAddress = createIpMatcher(["0.0.0.0/0", "::/0"]);

/** Accepts clients by address, as Cloudflare reports it. The deny list applies before the allow list. */
export function sourceRange({ allow, deny }: SourceRange): AuthCheck {
  const isDenied = createIpMatcher(deny ?? []);
  const isAllowed = allow ? createIpMatcher(allow) : isValidAddress;
  return async (exchange) => {
    const { clientIp } = exchange;
    if (isDenied(clientIp) || !isAllowed(clientIp)) return denyRequest(exchange, 403, "client address not allowed");
    return ALLOW;
  };
}
