import type { HostRules } from "../rules/snapshot.ts";
import type { Exchange } from "./exchange.ts";
import type { EdgeResponse } from "./response.ts";

export type Next = (exchange: Exchange) => Promise<EdgeResponse>;

/** What a policy does to a request: answers it, or hands it on and looks at the answer. */
export type Filter = (exchange: Exchange, next: Next) => Promise<EdgeResponse>;

/** What a filter is made for beside its settings. */
export interface HostContext {
  readonly rules: HostRules;
  /** The end of every chain: forwards to the exchange's backend. */
  readonly forward: Next;
}
