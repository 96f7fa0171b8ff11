import type { Exchange } from "../../request/exchange.ts";
import { type EdgeResponse, errorResponse } from "../../request/response.ts";

/** One part of who may call. */
export type AuthCheck = (exchange: Exchange) => Promise<AuthVerdict>;

/** What a part says of a request. Another may still let in who is denied; a part that failed ends the request. */
export type AuthVerdict =
  | ({ readonly type: "allowed"; readonly originHeaders?: Exchange["originHeaders"] } & Cookies)
  | ({ readonly type: "denied" | "failed"; readonly answer: EdgeResponse } & Cookies);

interface Cookies {
  /** Set-Cookie headers for the client. */
  readonly cookies?: readonly string[];
}

export const ALLOW: AuthVerdict = { type: "allowed" };

/** Turns a request away with 401 or 403. */
export function denyRequest(
  exchange: Exchange,
  status: 401 | 403,
  reason: string,
): AuthVerdict & { answer: EdgeResponse } {
  return { type: "denied", answer: errorResponse(exchange, status, "denied", reason) };
}
