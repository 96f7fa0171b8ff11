import { type ApiCall, type ApiReply, type ErrorReply, isErrorReply, type LocalApi } from "../api-types.ts";
import type { FaultPlan } from "../fault-injection.ts";
import { bulkDelete, bulkGet, bulkPut } from "./bulk-calls.ts";
import type { KvCall, KvContext } from "./kv-context.ts";
import { kvErrors } from "./kv-errors.ts";
import type { KvRules } from "./kv-rules.ts";
import { handleNamespace, handleNamespaces } from "./namespace-calls.ts";
import type { LocalNamespace, NamespaceStore } from "./namespace-store.ts";
import { createReadCache } from "./read-cache.ts";
import { deleteValue, getMetadata, getStoredValue, listKeys, putStoredValue } from "./value-calls.ts";
import { createWriteLimits } from "./write-limits.ts";

export interface KvApiOptions {
  readonly accountId: string;
  readonly namespaces: NamespaceStore;
  readonly rules: () => KvRules;
  readonly faults: () => FaultPlan;
  readonly isFreePlan: () => boolean;
  readonly now: () => number;
}

/** Calls with a key as the last segment of the path. */
const KEY_CALLS: Readonly<Record<string, KvCall>> = {
  "GET values": getStoredValue,
  "PUT values": putStoredValue,
  "DELETE values": deleteValue,
  "GET metadata": getMetadata,
};

const NAMESPACE_CALLS: Readonly<Record<string, KvCall>> = {
  "GET keys": listKeys,
  "PUT bulk": bulkPut,
  "POST bulk/get": bulkGet,
  "POST bulk/delete": bulkDelete,
};

/** Creates the KV endpoints of the API. */
export function createKvApi({ accountId, namespaces, rules, faults, isFreePlan, now }: KvApiOptions): LocalApi {
  const cache = createReadCache(rules, now);
  const limits = createWriteLimits({ rules, isFreePlan, now });
  const parts = { cache, limits, faults, now };
  const prefix = ["accounts", accountId, "storage", "kv", "namespaces"].join("/");
  return (call) => {
    if (call.path.slice(0, 5).join("/") !== prefix) return undefined;
    const [id, ...rest] = call.path.slice(5);
    if (id === undefined) return handleNamespaces(call, namespaces);
    const namespace = findNamespace(id, namespaces);
    if (isErrorReply(namespace)) return namespace;
    return rest.length === 0
      ? handleNamespace(call, namespace, namespaces)
      : handleNamespaceCall(call, rest, { namespace, ...parts });
  };
}

/** An invalid id is an error of the path, not of the family. */
function findNamespace(id: string, namespaces: NamespaceStore): LocalNamespace | ErrorReply {
  if (id === "") return kvErrors.emptyIdentifier();
  if (!/^[0-9a-f]{32}$/.test(id)) return kvErrors.invalidIdentifier(id);
  return namespaces.get(id) ?? kvErrors.namespaceNotFound();
}

function handleNamespaceCall(
  call: ApiCall,
  path: readonly string[],
  context: KvContext,
): Promise<ApiReply> | ApiReply | undefined {
  const [resource = "", key] = path;
  const keyCall = KEY_CALLS[`${call.method} ${resource}`];
  if (keyCall && path.length === 2) return key ? keyCall(call, key, context) : kvErrors.emptyIdentifier();
  return NAMESPACE_CALLS[`${call.method} ${path.join("/")}`]?.(call, "", context);
}
