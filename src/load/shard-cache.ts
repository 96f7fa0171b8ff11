import { createForwarder } from "../forward/forward.ts";
import type { Next } from "../request/filter.ts";
import { createHostHandler } from "./host-handler.ts";
import { readHostRules } from "./verify.ts";

/** Estimated bytes of memory. An isolate has 128 MiB. */
export const MAX_LOADED_SHARD_BYTES = 32 * 1024 * 1024;
/** Memory that the rules of a host take, for one byte of their text. */
const BYTES_PER_HANDLER_BYTE = 10;

/** A loaded shard. Its hosts stay text until the first request for them. */
export interface LoadedShard {
  readonly digest: string;
  readonly text: string;
  readonly handlers: Map<string, Next>;
}

/** The shards that an isolate has loaded, by digest. The least recently used are dropped at a limit of bytes. */
export interface ShardCache {
  has(digest: string): boolean;
  /** Returns a shard, and marks it as used. The caller can keep it: a dropped shard stays valid. */
  get(digest: string): LoadedShard | undefined;
  /** Adds a shard and returns it, even if it is dropped by the next one. */
  add(digest: string, text: string): LoadedShard;
  /** Counts further bytes of a shard, unless it was dropped. */
  grow(shard: LoadedShard, bytes: number): void;
  /** Names of the hosts that requests have used. */
  listUsedHosts(): string[];
  /** Drops the shards that are not in this set. */
  retain(digests: ReadonlySet<string>): void;
}

export function createShardCache(maxBytes = MAX_LOADED_SHARD_BYTES): ShardCache {
  const shards = new Map<string, LoadedShard>();
  const sizes = new Map<string, number>(); // by digest
  let totalBytes = 0;
  const grow = (digest: string, bytes: number) => {
    sizes.set(digest, (sizes.get(digest) ?? 0) + bytes);
    totalBytes += bytes;
    for (const oldest of shards.keys()) {
      if (totalBytes <= maxBytes || oldest === digest) break;
      drop(oldest);
    }
  };
  const drop = (digest: string) => {
    shards.delete(digest);
    totalBytes -= sizes.get(digest) ?? 0;
    sizes.delete(digest);
  };
  const get = (digest: string) => {
    const shard = shards.get(digest);
    if (!shard) return undefined;
    shards.delete(digest); // so that the least recently used is first
    shards.set(digest, shard);
    return shard;
  };
  return {
    has: (digest) => shards.has(digest),
    get,
    add(digest, text) {
      const present = get(digest);
      if (present) return present;
      const added = { digest, text, handlers: new Map() };
      shards.set(digest, added);
      grow(digest, text.length);
      return added;
    },
    grow(shard, bytes) {
      if (get(shard.digest) === shard) grow(shard.digest, bytes);
    },
    listUsedHosts: () => [...shards.values()].flatMap(({ handlers }) => [...handlers.keys()]),
    retain(digests) {
      for (const digest of [...shards.keys()]) if (!digests.has(digest)) drop(digest);
    },
  };
}

/** Returns the handler of a host, if the shard has it. It is created at the first request. Throws if its rules are invalid. */
export function findHandler(cache: ShardCache, shard: LoadedShard, host: string): Next | undefined {
  const present = shard.handlers.get(host);
  if (present) return present;
  const rules = readHostRules(shard.text, host, shard.digest);
  if (!rules) return undefined;
  const handler = createHostHandler(rules, createForwarder);
  shard.handlers.set(host, handler);
  cache.grow(shard, BYTES_PER_HANDLER_BYTE * JSON.stringify(rules).length);
  return handler;
}
