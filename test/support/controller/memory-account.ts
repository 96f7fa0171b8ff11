import type { Kv } from "../../../sync/cloudflare/kv.ts";
import {
  type AccountOptions,
  type LocalAccount,
  type RecordLimits,
  startAccount,
} from "../../../sync/local/account/account.ts";
import type { WorkerStorage } from "../../../sync/local/worker/worker-storage.ts";
import { generateEncryptionKeys } from "../../../sync/publish/encrypt-secrets.ts";
import { RAISED_CALL_LIMIT } from "../account/call-limit.ts";
import { createInterruptibleKv, type KvStepHook } from "../interruptible-kv.ts";

/** Limits of the account. */
export interface AccountLimits
  extends RecordLimits,
    Partial<Pick<AccountOptions, "workersPlan" | "callLimit" | "kvRules" | "now">> {}

/** Starts a Cloudflare account on loopback with its KV in memory. `onStep` is called at every step in KV. */
export function startMemoryAccount(
  zones: readonly string[],
  kv: Kv,
  onStep: KvStepHook,
  limits: AccountLimits = {},
): Promise<LocalAccount> {
  const interruptibleKv = createInterruptibleKv(kv, onStep);
  return startAccount({
    callLimit: RAISED_CALL_LIMIT,
    ...limits,
    zones,
    storage: () => createStorage(interruptibleKv),
  });
}

/** Returns the environment variables of `edgress sync`. */
export function buildEnvironment(account: LocalAccount, signingKey: string): Record<string, string> {
  return {
    CLOUDFLARE_BASE_URL: account.baseURL,
    CLOUDFLARE_API_TOKEN: account.token,
    CLOUDFLARE_ACCOUNT_ID: account.accountId,
    EDGRESS_KV_NAMESPACE_ID: account.namespaceId,
    EDGRESS_SIGNING_KEY: signingKey,
    EDGRESS_ENCRYPTION_KEY: generateEncryptionKeys().publicKey,
  };
}

function createStorage(kv: Kv): WorkerStorage {
  return {
    get: async (keys) => Object.fromEntries(await kv.getMany(keys)),
    put: (entries) => kv.put(entries),
    remove: (keys) => kv.remove(keys),
    list: async (prefix) => ({ keys: await kv.list(prefix) }),
    setEdgeReadMode: () => Promise.reject(new Error("this account has no edge")),
  };
}
