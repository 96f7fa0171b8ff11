import type { Exchange } from "../../request/exchange.ts";
import { type EdgeResponse, errorResponse } from "../../request/response.ts";

/** One check of the authorization policy. */
export type AuthCheck = (exchange: Exchange) => Promise<AuthVerdict>;

/**
 * The result of a check. Another check may accept a denied client, but a failed check ends the request. A check without an
 * opinion ("declined", as in nginx's access phase) neither accepts nor denies.
 */
export type AuthVerdict =
  | ({ readonly type: "declined" } & Cookies)
  | ({ readonly type: "allowed"; readonly originHeaders?: Exchange["originHeaders"] } & Cookies)
  | ({ readonly type: "denied" | "failed"; readonly answer: EdgeResponse } & Cookies);

interface Cookies {
  /** Set-Cookie headers for the client. */
  readonly cookies?: readonly string[];
}

export const ALLOW: AuthVerdict = { type: "allowed" };
export const DECLINE: AuthVerdict = { type: "declined" };

/** Denies a request with a status. */
export function denyRequest(
  exchange: Exchange,
  status: 401 | 403 | 429,
  reason: string,
): AuthVerdict & { answer: EdgeResponse } {
  return { type: "denied", answer: errorResponse(exchange, status, "denied", reason) };
}
