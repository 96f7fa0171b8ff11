import type { Env } from "../env.ts";
import { CURRENT_KEY, shardKey } from "../rules/keys.ts";

const KV_TIMEOUT_MS = 3000;
/** The least that KV takes; a missing key is remembered as missing just as long. */
const MANIFEST_TTL_S = 30;
const SHARD_TTL_S = 60;
const COPY_TTL_S = 7 * 24 * 3600;

/** Where published bytes are read: KV, and copies in this place's cache for when KV does not answer. */
export interface Store {
  manifest(): Promise<string>;
  /** The bytes of shards, by digest. Rejects unless all are there. */
  shards(digests: readonly string[]): Promise<Map<string, string>>;
}

export function kvStore({ RULES }: Env): Store {
  return {
    async manifest() {
      const bytes = await inTime(RULES.get(CURRENT_KEY, { type: "text", cacheTtl: MANIFEST_TTL_S }));
      if (bytes === null) throw new Error("nothing is published yet");
      return bytes;
    },
    async shards(digests) {
      const keys = digests.map(shardKey);
      // One operation, and one charge, for all of them.
      const found = await inTime(RULES.get(keys, { type: "text", cacheTtl: SHARD_TTL_S }));
      return new Map(digests.map((digest) => [digest, present(found.get(shardKey(digest)), digest)]));
    },
  };
}

/** Copies of what was last read well, so that an isolate can start while KV is out. */
export function cacheStore(): Store & { keep(key: string, bytes: string): Promise<void> } {
  const read = async (key: string) => (await caches.default.match(copyUrl(key)))?.text();
  return {
    async manifest() {
      return present(await read(CURRENT_KEY), CURRENT_KEY);
    },
    async shards(digests) {
      const found = digests.map(async (digest) => [digest, present(await read(shardKey(digest)), digest)] as const);
      return new Map(await Promise.all(found));
    },
    async keep(key, bytes) {
      const headers = { "Cache-Control": `max-age=${COPY_TTL_S}` };
      await caches.default.put(copyUrl(key), new Response(bytes, { headers }));
    },
  };
}

function copyUrl(key: string): string {
  return `https://snapshot.edgress.invalid/${key}`;
}

function present(bytes: string | null | undefined, what: string): string {
  if (bytes === null || bytes === undefined) throw new Error(`${what} is not there`);
  return bytes;
}

function inTime<T>(reading: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`KV did not answer within ${KV_TIMEOUT_MS} ms`)), KV_TIMEOUT_MS);
  });
  return Promise.race([reading, late]);
}
