import type { Env } from "../env.ts";
import { CURRENT_KEY, shardKey } from "../rules/kv-keys.ts";

const KV_TIMEOUT_MS = 3000;
/** The minimum of KV. KV caches a missing key for the same time. */
const MANIFEST_TTL_S = 30;
const SHARD_TTL_S = 60;
/** KV allows 100 keys and 25 MB in one read: https://developers.cloudflare.com/kv/api/read-key-value-pairs/ */
const MAX_BATCH_KEYS = 12; // of up to MAX_SHARD_BYTES
const CACHE_TTL_S = 7 * 24 * 3600;

/** A source of published bytes: KV, or copies in this location's cache if KV does not respond. */
export interface SnapshotStore {
  manifest(): Promise<string>;
  /** Returns the bytes of shards by digest. Rejects if one is missing. */
  shards(digests: readonly string[]): Promise<Map<string, string>>;
}

export function createKvStore({ RULES }: Env): SnapshotStore {
  return {
    async manifest() {
      const bytes = await withKvTimeout(RULES.get(CURRENT_KEY, { type: "text", cacheTtl: MANIFEST_TTL_S }));
      if (bytes === null) throw new Error("no snapshot is published");
      return bytes;
    },
    async shards(digests) {
      const batches = splitIntoBatches(digests.map(shardKey));
      // One operation, and one charge, for all keys of a batch.
      const results = await Promise.all(
        batches.map((keys) => withKvTimeout(RULES.get(keys, { type: "text", cacheTtl: SHARD_TTL_S }))),
      );
      const values = new Map(results.flatMap((result) => [...result]));
      return new Map(digests.map((digest) => [digest, requirePresent(values.get(shardKey(digest)), digest)]));
    },
  };
}

/** Copies of the last valid reads, so that an isolate can start during an outage of KV. */
export function createCacheStore(): SnapshotStore & { put(key: string, bytes: string): Promise<void> } {
  const readCached = async (key: string) => (await caches.default.match(buildCacheUrl(key)))?.text();
  return {
    async manifest() {
      return requirePresent(await readCached(CURRENT_KEY), CURRENT_KEY);
    },
    async shards(digests) {
      const entries = digests.map(
        async (digest) => [digest, requirePresent(await readCached(shardKey(digest)), digest)] as const,
      );
      return new Map(await Promise.all(entries));
    },
    async put(key, bytes) {
      const headers = { "Cache-Control": `max-age=${CACHE_TTL_S}` };
      await caches.default.put(buildCacheUrl(key), new Response(bytes, { headers }));
    },
  };
}

function splitIntoBatches(keys: readonly string[]): string[][] {
  const count = Math.ceil(keys.length / MAX_BATCH_KEYS);
  return Array.from({ length: count }, (_, index) => keys.slice(index * MAX_BATCH_KEYS, (index + 1) * MAX_BATCH_KEYS));
}

function buildCacheUrl(key: string): string {
  return `https://snapshot.edgress.invalid/${key}`;
}

function requirePresent(bytes: string | null | undefined, name: string): string {
  if (bytes === null || bytes === undefined) throw new Error(`not found: ${name}`);
  return bytes;
}

function withKvTimeout<T>(promise: Promise<T>): Promise<T> {
  const timeout = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`no response from KV within ${KV_TIMEOUT_MS} ms`)), KV_TIMEOUT_MS);
  });
  return Promise.race([promise, timeout]);
}
