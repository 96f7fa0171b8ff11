import type { Exchange } from "../../request/exchange.ts";
import { type EdgeResponse, errorResponse } from "../../request/response.ts";

/** One check of the authorization policy. */
export type AuthCheck = (exchange: Exchange) => Promise<AuthVerdict>;

/** The result of a check. Another check may accept a denied client, but a failed check ends the request. */
export type AuthVerdict =
  | ({ readonly type: "allowed"; readonly originHeaders?: Exchange["originHeaders"] } & Cookies)
  | ({ readonly type: "denied" | "failed"; readonly answer: EdgeResponse } & Cookies);

interface Cookies {
  /** Set-Cookie headers for the client. */
  readonly cookies?: readonly string[];
}

export const ALLOW: AuthVerdict = { type: "allowed" };

/** Denies a request with 401 or 403. */
export function denyRequest(
  exchange: Exchange,
  status: 401 | 403,
  reason: string,
): AuthVerdict & { answer: EdgeResponse } {
  return { type: "denied", answer: errorResponse(exchange, status, "denied", reason) };
}
