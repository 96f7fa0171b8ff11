import { fnv1a } from "./hash.ts";

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

/** Returns the index of the shard with a host's rules. `count` is a power of two. */
export function computeShardIndex(host: string, count: number): number {
  return hashHost(host) & (count - 1);
}

/** Returns the hash of a host. Its low bits are the index of the shard. */
export function hashHost(host: string): number {
  const hash = fnv1a(host);
  // The high bits mix better than the low ones.
  return (hash ^ (hash >>> 16)) >>> 0;
}
