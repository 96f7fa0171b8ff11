import { matcherOf } from "../rules/addresses.ts";
import type { SourceRange } from "../rules/policies/source-range.ts";
import { denied, type Gate, PASSED } from "./gate.ts";

// Where only some are denied any other address is let in, but nobody whose address is not known.
const isReadable = matcherOf(["0.0.0.0/0", "::/0"]);

/** Lets in by the client's address, as Cloudflare knows it: who is denied first, then who is allowed. */
export function sourceRange({ allow, deny }: SourceRange): Gate {
  const isDenied = matcherOf(deny ?? []);
  const isAllowed = allow ? matcherOf(allow) : isReadable;
  return async (exchange) => {
    const { clientIp } = exchange;
    if (isDenied(clientIp) || !isAllowed(clientIp)) return denied(exchange, 403, "the client's address is not let in");
    return PASSED;
  };
}
