import { type LocalAccount, startAccount } from "../../../sync/local/account/account.ts";
import type { WorkerStorage } from "../../../sync/local/worker/worker-storage.ts";

/** The local Cloudflare account, with what it stores in memory: what an edge makes of it costs the sync job nothing. */
export function startBenchAccount(): Promise<LocalAccount> {
  const values = new Map<string, string>();
  const storage: WorkerStorage = {
    get: async (keys) => Object.fromEntries(keys.map((key) => [key, values.get(key) ?? null])),
    async put(entries) {
      for (const { key, value } of entries) values.set(key, value);
    },
    async remove(keys) {
      for (const key of keys) values.delete(key);
    },
    async list(prefix, limit) {
      return { keys: [...values.keys()].filter((key) => key.startsWith(prefix)).slice(0, limit) };
    },
    setEdgeReadMode: async () => {},
  };
  return startAccount({ zones: ["example.com"], storage: () => storage });
}
