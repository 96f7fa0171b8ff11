import { type Answer, ownAnswer } from "../answer.ts";
import type { Exchange } from "../exchange.ts";

/** One part of who may call. */
export type Gate = (exchange: Exchange) => Promise<Verdict>;

/** What a part says of a request. Another may still let in who is denied; a part that failed ends the request. */
export type Verdict =
  | ({ readonly is: "passed"; readonly originHeaders?: Exchange["originHeaders"] } & Cookies)
  | ({ readonly is: "denied" | "failed"; readonly answer: Answer } & Cookies);

interface Cookies {
  /** Set-Cookie headers for the client. */
  readonly cookies?: readonly string[];
}

export const PASSED: Verdict = { is: "passed" };

/** Turns a request away with 401 or 403. */
export function denied(exchange: Exchange, status: 401 | 403, because: string): Verdict & { answer: Answer } {
  return { is: "denied", answer: ownAnswer(exchange, status, "denied", because) };
}
