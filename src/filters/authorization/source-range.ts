import { createIpMatcher } from "../../rules/addresses.ts";
import type { SourceRange } from "../../rules/policies/source-range.ts";
import { ALLOW, type AuthCheck, denyRequest } from "./auth-check.ts";

// Where only some are denied any other address is let in, but nobody whose address is not known.
const isValidAddress = createIpMatcher(["0.0.0.0/0", "::/0"]);

/** Lets in by the client's address, as Cloudflare knows it: who is denied first, then who is allowed. */
export function sourceRange({ allow, deny }: SourceRange): AuthCheck {
  const isDenied = createIpMatcher(deny ?? []);
  const isAllowed = allow ? createIpMatcher(allow) : isValidAddress;
  return async (exchange) => {
    const { clientIp } = exchange;
    if (isDenied(clientIp) || !isAllowed(clientIp))
      return denyRequest(exchange, 403, "the client's address is not let in");
    return ALLOW;
  };
}
