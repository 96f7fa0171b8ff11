import { createIpMatcher } from "../../rules/addresses.ts";
import type { SourceRange } from "../../rules/policies/source-range.ts";
import { ALLOW, type AuthCheck, DECLINE, denyRequest } from "./auth-check.ts";

// An unknown address is in no range. It is denied, because it may be in a denied range.
const isValidAddress = createIpMatcher(["0.0.0.0/0", "::/0"]);

/**
 * Checks clients by address, as Cloudflare reports it. The deny list applies before the allow list. A deny list alone
 * accepts no one: it declines all other addresses, as nginx does, so that `satisfy: any` requires another check.
 */
export function sourceRange({ allow, deny }: SourceRange): AuthCheck {
  const isDenied = createIpMatcher(deny ?? []);
  const isAllowed = allow ? createIpMatcher(allow) : isValidAddress;
  return async (exchange) => {
    const { clientIp } = exchange;
    if (isDenied(clientIp) || !isAllowed(clientIp)) return denyRequest(exchange, 403, "client address not allowed");
    return allow ? ALLOW : DECLINE;
  };
}
