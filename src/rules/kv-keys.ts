import { type HashKey, halfSipHash } from "./half-sip-hash.ts";

/** The key of the active manifest, the only key that changes. */
export const CURRENT_KEY = "current";

export const GENERATION_PREFIX = "generation/";
export const SHARD_PREFIX = "shard/";

/** Returns the key of a manifest in history, with the bytes that `current` had. */
export function generationKey(generation: number): string {
  return `${GENERATION_PREFIX}${generation}`;
}

/** Returns the key of a shard by the SHA-256 of its bytes. Its value never changes. */
export function shardKey(digest: string): string {
  return `${SHARD_PREFIX}${digest}`;
}

/** Returns the index of a host's shard. `count` is a power of two. The key keeps names from choosing a shard. */
export function computeShardIndex(host: string, count: number, key: HashKey): number {
  return halfSipHash(key, host) & (count - 1);
}
