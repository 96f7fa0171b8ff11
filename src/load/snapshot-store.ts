import type { Env } from "../env.ts";
import { CURRENT_KEY } from "../rules/kv-keys.ts";

const KV_TIMEOUT_MS = 3000;
/** The minimum of KV. KV caches a missing key for the same time. */
const MANIFEST_TTL_S = 30;
const BLOB_TTL_S = 60;
/** KV allows 100 keys and 25 MB in one read: https://developers.cloudflare.com/kv/api/read-key-value-pairs/ */
const MAX_BATCH_KEYS = 9; // of up to MAX_SHARD_BYTES, in base64
const CACHE_TTL_S = 7 * 24 * 3600;

/** A source of published values: KV, or copies in this location's cache if KV does not respond. */
export interface SnapshotStore {
  manifest(): Promise<string>;
  /** Returns the values of blobs by key. A missing one has no entry. */
  blobs(keys: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

export function createKvStore({ RULES }: Env): SnapshotStore {
  return {
    async manifest() {
      const bytes = await withKvTimeout(RULES.get(CURRENT_KEY, { type: "text", cacheTtl: MANIFEST_TTL_S }));
      if (bytes === null) throw new Error("no snapshot is published");
      return bytes;
    },
    async blobs(keys) {
      // One operation, and one charge, for all keys of a batch.
      const results = await Promise.all(
        splitIntoBatches(keys).map((batch) => withKvTimeout(RULES.get(batch, { type: "text", cacheTtl: BLOB_TTL_S }))),
      );
      return dropMissing(results.flatMap((result) => [...result]));
    },
  };
}

/** Copies of the last valid reads, so that an isolate can start during an outage of KV. */
export function createCacheStore(): SnapshotStore & { put(key: string, bytes: string): Promise<void> } {
  const readCached = async (key: string) => (await caches.default.match(buildCacheUrl(key)))?.text();
  return {
    async manifest() {
      const bytes = await readCached(CURRENT_KEY);
      if (bytes === undefined) throw new Error(`not found: ${CURRENT_KEY}`);
      return bytes;
    },
    async blobs(keys) {
      return dropMissing(await Promise.all(keys.map(async (key) => [key, await readCached(key)] as const)));
    },
    async put(key, bytes) {
      const headers = { "Cache-Control": `max-age=${CACHE_TTL_S}` };
      await caches.default.put(buildCacheUrl(key), new Response(bytes, { headers }));
    },
  };
}

function dropMissing(entries: readonly (readonly [key: string, value: string | null | undefined])[]) {
  return new Map(entries.flatMap(([key, value]) => (typeof value === "string" ? [[key, value] as const] : [])));
}

function splitIntoBatches(keys: readonly string[]): string[][] {
  const count = Math.ceil(keys.length / MAX_BATCH_KEYS);
  return Array.from({ length: count }, (_, index) => keys.slice(index * MAX_BATCH_KEYS, (index + 1) * MAX_BATCH_KEYS));
}

function buildCacheUrl(key: string): string {
  return `https://snapshot.edgress.invalid/${key}`;
}

function withKvTimeout<T>(promise: Promise<T>): Promise<T> {
  const timeout = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`no response from KV within ${KV_TIMEOUT_MS} ms`)), KV_TIMEOUT_MS);
  });
  return Promise.race([promise, timeout]);
}
