import { createForwarder } from "../forward/forward.ts";
import type { Next } from "../request/filter.ts";
import type { HostRules } from "../rules/snapshot.ts";
import { createHostHandler } from "./host-handler.ts";

/** Bytes of JSON. An isolate has 128 MiB, and rules take up to 10 times their JSON in memory. */
export const MAX_LOADED_SHARD_BYTES = 6 * 1024 * 1024;

/** A loaded shard. A handler is created at the first request for its host. */
export interface LoadedShard {
  readonly bytes: number;
  readonly hosts: ReadonlyMap<string, HostRules>;
  readonly handlers: Map<string, Next>;
}

/** The shards that an isolate has loaded, by digest. The least recently used are dropped at a limit of bytes. */
export interface ShardCache {
  has(digest: string): boolean;
  /** Returns a shard, and marks it as used. The caller can keep it: a dropped shard stays valid. */
  get(digest: string): LoadedShard | undefined;
  /** Adds a shard and returns it, even if it is dropped by the next one. */
  add(digest: string, bytes: number, hosts: readonly HostRules[]): LoadedShard;
  /** Names of all hosts in loaded shards. */
  listHosts(): string[];
  /** Returns a cache with the shards that another manifest has too. */
  keep(digests: ReadonlySet<string | null>): ShardCache;
}

export function createShardCache(
  maxBytes = MAX_LOADED_SHARD_BYTES,
  initialShards = new Map<string, LoadedShard>(),
): ShardCache {
  const shards = new Map(initialShards);
  let totalBytes = [...shards.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    has: (digest) => shards.has(digest),
    get(digest) {
      const shard = shards.get(digest);
      if (!shard) return undefined;
      shards.delete(digest); // so that the least recently used is first
      shards.set(digest, shard);
      return shard;
    },
    add(digest, bytes, hosts) {
      const present = shards.get(digest);
      if (present) return present;
      const added = { bytes, hosts: new Map(hosts.map((rules) => [rules.host, rules])), handlers: new Map() };
      shards.set(digest, added);
      totalBytes += bytes;
      for (const [oldest, shard] of shards) {
        if (totalBytes <= maxBytes || oldest === digest) break;
        shards.delete(oldest);
        totalBytes -= shard.bytes;
      }
      return added;
    },
    listHosts: () => [...shards.values()].flatMap(({ hosts }) => [...hosts.keys()]),
    keep: (digests) => createShardCache(maxBytes, new Map([...shards].filter(([digest]) => digests.has(digest)))),
  };
}

/** Returns the handler of a host, if one of the shards has it. */
export function findHandler(shards: readonly LoadedShard[], host: string): Next | undefined {
  for (const { hosts, handlers } of shards) {
    const rules = hosts.get(host);
    if (!rules) continue;
    const handler = handlers.get(host) ?? createHostHandler(rules, createForwarder);
    handlers.set(host, handler);
    return handler;
  }
  return undefined;
}
