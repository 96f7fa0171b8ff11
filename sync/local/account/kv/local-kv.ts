import type { WorkerStorage } from "../../worker/worker-storage.ts";
import type { LocalApi } from "../api-types.ts";
import { createKvApi, type KvApiOptions } from "./kv-api.ts";
import { FAST_KV_RULES, type KvRules } from "./kv-rules.ts";
import { createMemoryValues, createNamespaceStorage } from "./namespace-storage.ts";
import { createNamespaceStore, type NamespaceStore } from "./namespace-store.ts";

/** Workers KV of the account. */
export interface LocalKv {
  readonly namespaces: NamespaceStore;
  /** May change at any time. */
  rules: KvRules;
}

export interface LocalKvOptions extends Pick<KvApiOptions, "accountId" | "faults" | "isFreePlan" | "now"> {
  /** Titles of the namespaces at the start. */
  readonly titles: readonly string[] | undefined;
  readonly rules: KvRules | undefined;
  /** Id of the namespace that the edge reads: the first one. */
  readonly edgeNamespaceId: string;
  /** The values of that namespace. */
  readonly edgeValues: () => WorkerStorage;
}

const DEFAULT_TITLES = ["edgress"];

export function createLocalKv(options: LocalKvOptions): { api: LocalApi; kv: LocalKv } {
  const { titles = DEFAULT_TITLES, rules = FAST_KV_RULES, edgeNamespaceId, edgeValues, ...apiOptions } = options;
  const openStorage = (isForEdge: boolean) => {
    const memoryValues = createMemoryValues();
    return createNamespaceStorage(isForEdge ? edgeValues : () => memoryValues, options.now);
  };
  const kv: LocalKv = { namespaces: createNamespaceStore({ titles, edgeNamespaceId, openStorage }), rules };
  const api = createKvApi({ ...apiOptions, namespaces: kv.namespaces, rules: () => kv.rules });
  return { api, kv };
}
