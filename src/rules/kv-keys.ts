import { fnv1a } from "./hash.ts";

/** The manifest in force: the one key that changes. */
export const CURRENT_KEY = "current";

export const GENERATION_PREFIX = "generation/";
export const SHARD_PREFIX = "shard/";

/** A manifest kept as history, the same bytes that `current` once held. */
export function generationKey(generation: number): string {
  return `${GENERATION_PREFIX}${generation}`;
}

/** A shard, by the SHA-256 of its bytes: what lies there never changes. */
export function shardKey(digest: string): string {
  return `${SHARD_PREFIX}${digest}`;
}

/** The shard that holds a host's rules, of `count` (a power of two). */
export function computeShardIndex(host: string, count: number): number {
  const hash = fnv1a(host);
  // The high bits mix better than the low ones.
  return ((hash ^ (hash >>> 16)) >>> 0) & (count - 1);
}
