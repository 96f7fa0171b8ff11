import type { Env } from "../env.ts";
import { logWarning } from "./log-warning.ts";
import { createCacheStore, createKvStore } from "./snapshot-store.ts";

/** Runs work after the response. */
export type Background = Pick<ExecutionContext, "waitUntil">;

/** The values of some blobs, read from KV at once. */
export interface BlobReader {
  /** Decodes a blob: of KV, or else the copy in this location. Rejects if both are missing or damaged. */
  decode<T>(key: string, decoder: (value: string) => Promise<T>): Promise<T>;
}

/** Reads blobs in as few operations as possible. No value is decoded before it is needed. */
export async function readBlobValues(keys: readonly string[], env: Env, background: Background): Promise<BlobReader> {
  const values = keys.length === 0 ? new Map<string, string>() : await readFromKv(keys, env);
  const cache = createCacheStore();
  return {
    async decode(key, decoder) {
      const value = values instanceof Error ? values : (values.get(key) ?? new Error(`not found: ${key}`));
      try {
        if (value instanceof Error) throw value;
        const blob = await decoder(value);
        background.waitUntil(cache.put(key, value));
        return blob;
      } catch (error) {
        logWarning("shard-from-cache", error);
        const copy = (await cache.blobs([key]).catch(() => undefined))?.get(key);
        if (copy === undefined) throw error;
        return await decoder(copy).catch(() => Promise.reject(error));
      }
    },
  };
}

/** Returns the values, or the error of the read, because each blob may have a copy in this location. */
async function readFromKv(keys: readonly string[], env: Env): Promise<ReadonlyMap<string, string> | Error> {
  return await createKvStore(env)
    .blobs(keys)
    .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
}
