import { createForwarder } from "../forward/forward.ts";
import type { Next } from "../request/filter.ts";
import { createHostHandler } from "./host-handler.ts";
import { readHostRules } from "./host-record.ts";

/** Estimated bytes of memory. An isolate has 128 MiB. */
export const MAX_LOADED_SHARD_BYTES = 24 * 1024 * 1024;
/** Memory that the rules of a host take, for one byte of their text. */
const BYTES_PER_HANDLER_BYTE = 10;

/** The host of rules that matches a request's host, and its handler. */
export interface HostMatch {
  readonly host: string;
  readonly handler: Next;
  readonly shard: LoadedShard;
}

/** A loaded shard. Its hosts stay text until the first request for them. */
export interface LoadedShard {
  readonly digest: string;
  readonly text: string;
  readonly matches: Map<string, HostMatch>; // by host, of the hosts that requests have used
  bytes: number; // estimate of its memory
  usedAt: number; // number of the last use
}

/** The shards that an isolate has loaded, by digest. The least recently used are dropped at a limit of bytes. */
export interface ShardCache {
  /** Number of loaded shards. */
  readonly size: number;
  has(digest: string): boolean;
  /** Returns a shard, and marks it as used. The caller can keep it: a dropped shard stays valid. */
  get(digest: string): LoadedShard | undefined;
  /** Marks a shard as used. */
  use(shard: LoadedShard): void;
  /** Adds a shard and returns it, even if it is dropped by the next one. */
  add(digest: string, text: string): LoadedShard;
  /** Counts further bytes of a shard, unless it was dropped. */
  grow(shard: LoadedShard, bytes: number): void;
  /** Names of the hosts that requests have used. */
  listUsedHosts(): string[];
  /** Drops the shards that are not in this set. */
  retain(digests: ReadonlySet<string>): void;
}

/** Creates a cache without shards. `onDrop` gets each shard that it drops. */
export function createShardCache(
  maxBytes = MAX_LOADED_SHARD_BYTES,
  onDrop: (shard: LoadedShard) => void = () => {},
): ShardCache {
  const shards = new Map<string, LoadedShard>();
  let totalBytes = 0;
  let useCount = 0;
  const use = (shard: LoadedShard) => {
    useCount += 1;
    shard.usedAt = useCount; // cheaper than an order of the map, because each request uses a shard
  };
  const drop = (shard: LoadedShard) => {
    shards.delete(shard.digest);
    totalBytes -= shard.bytes;
    onDrop(shard);
  };
  const grow = (shard: LoadedShard, bytes: number) => {
    shard.bytes += bytes;
    totalBytes += bytes;
    while (totalBytes > maxBytes && shards.size > 1) drop(findLeastRecentlyUsed(shards, shard));
  };
  const get = (digest: string) => {
    const shard = shards.get(digest);
    if (shard) use(shard);
    return shard;
  };
  return {
    get size() {
      return shards.size;
    },
    has: (digest) => shards.has(digest),
    get,
    use,
    add(digest, text) {
      const present = get(digest);
      if (present) return present;
      const added: LoadedShard = { digest, text, matches: new Map(), bytes: 0, usedAt: 0 };
      shards.set(digest, added);
      use(added);
      grow(added, text.length);
      return added;
    },
    grow(shard, bytes) {
      if (get(shard.digest) === shard) grow(shard, bytes);
    },
    listUsedHosts: () => [...shards.values()].flatMap(({ matches }) => [...matches.keys()]),
    retain(digests) {
      for (const shard of [...shards.values()]) if (!digests.has(shard.digest)) drop(shard);
    },
  };
}

/** Returns a shard other than `current`, whose request is in progress. */
function findLeastRecentlyUsed(shards: ReadonlyMap<string, LoadedShard>, current: LoadedShard): LoadedShard {
  let oldest: LoadedShard | undefined;
  for (const shard of shards.values())
    if (shard !== current && (oldest === undefined || shard.usedAt < oldest.usedAt)) oldest = shard;
  return oldest ?? current;
}

/** Returns the match of a host, if the shard has it. Its handler is created at the first request. Throws if its rules are invalid. */
export function findShardMatch(cache: ShardCache, shard: LoadedShard, host: string): HostMatch | undefined {
  const present = shard.matches.get(host);
  if (present) return present;
  const record = readHostRules(shard.text, host, shard.digest);
  if (!record) return undefined;
  const match: HostMatch = { host, handler: createHostHandler(record.rules, createForwarder), shard };
  shard.matches.set(host, match);
  cache.grow(shard, BYTES_PER_HANDLER_BYTE * record.length);
  return match;
}
