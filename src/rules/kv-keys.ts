import { type HashKey, halfSipHash } from "./half-sip-hash.ts";

/** The key of the active manifest, the only key that changes. */
export const CURRENT_KEY = "current";

export const GENERATION_PREFIX = "generation/";
export const SHARD_PREFIX = "shard/";
export const FILTER_PREFIX = "filter/";

/** Returns the key of a manifest in history, with the bytes that `current` had. */
export function generationKey(generation: number): string {
  return `${GENERATION_PREFIX}${generation}`;
}

/** Returns the key of a shard by the digest of its text. Its value is that text, as gzip in base64. */
export function shardKey(digest: string): string {
  return `${SHARD_PREFIX}${digest}`;
}

/** Returns the key of a segment of the host filter by the digest of its bytes. Its value is these bytes in base64. */
export function filterKey(digest: string): string {
  return `${FILTER_PREFIX}${digest}`;
}

/** Returns the index of a host's shard. `count` is a power of two. The key keeps names from choosing a shard. */
export function computeShardIndex(host: string, count: number, key: HashKey): number {
  return halfSipHash(key, host) & (count - 1);
}

/** Returns the index of a host's segment of the filter. It uses other bits than the shard, and `count` is a power of two. */
export function computeSegmentIndex(host: string, count: number, key: HashKey): number {
  return Math.floor((halfSipHash(key, host) / 2 ** 32) * count);
}
