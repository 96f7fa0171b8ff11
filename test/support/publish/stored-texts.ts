import { SHARD_PREFIX } from "../../../src/rules/kv-keys.ts";
import { decodeShardValue } from "../../../sync/publish/storage/encode-blobs.ts";
import type { MemoryKv } from "../memory-kv.ts";

/** Returns the values of KV, shards as their texts. */
export function readTexts({ values }: MemoryKv): Map<string, string> {
  return new Map(
    [...values].map(([key, value]) => [key, key.startsWith(SHARD_PREFIX) ? decodeShardValue(value) : value]),
  );
}
