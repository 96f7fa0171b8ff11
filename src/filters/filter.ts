import type { Answer } from "../answer.ts";
import type { Exchange } from "../exchange.ts";

export type Next = (exchange: Exchange) => Promise<Answer>;

/** What a policy does to a request: answers it, or hands it on and looks at the answer. */
export type Filter = (exchange: Exchange, next: Next) => Promise<Answer>;
