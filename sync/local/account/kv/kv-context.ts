import type { ApiCall, ApiReply } from "../api-types.ts";
import type { FaultPlan } from "../fault-injection.ts";
import type { LocalNamespace } from "./namespace-store.ts";
import type { ReadCache } from "./read-cache.ts";
import type { WriteLimits } from "./write-limits.ts";

/** The parts of the account that the endpoints of a namespace use. */
export interface KvContext {
  readonly namespace: LocalNamespace;
  readonly cache: ReadCache;
  readonly limits: WriteLimits;
  readonly faults: () => FaultPlan;
  readonly now: () => number;
}

/** Responds to a call below `/storage/kv/namespaces/ID/`. `key` is the last segment of its path. */
export type KvCall = (call: ApiCall, key: string, context: KvContext) => Promise<ApiReply> | ApiReply;
