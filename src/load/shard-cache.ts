import { createForwarder } from "../forward/forward.ts";
import type { Next } from "../request/filter.ts";
import type { HostRules } from "../rules/snapshot.ts";
import { createHostHandler } from "./host-handler.ts";

/** Bytes of JSON. An isolate has 128 MiB, and rules take up to 10 times their JSON in memory. */
export const MAX_LOADED_SHARD_BYTES = 6 * 1024 * 1024;

/** A loaded shard. A handler is created at the first request for its host. */
interface LoadedShard {
  readonly bytes: number;
  readonly hosts: ReadonlyMap<string, HostRules>;
  readonly handlers: Map<string, Next>;
}

/** The shards that an isolate has loaded, by digest. The least recently used are dropped at a limit of bytes. */
export interface ShardCache {
  has(digest: string): boolean;
  add(digest: string, bytes: number, hosts: readonly HostRules[]): void;
  /** Returns the handler of a host, if one of the shards has it. */
  findHandler(digests: readonly string[], host: string): Next | undefined;
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
  const touch = (digest: string, shard: LoadedShard) => {
    shards.delete(digest); // so that the least recently used is first
    shards.set(digest, shard);
  };
  return {
    has: (digest) => shards.has(digest),
    add(digest, bytes, hosts) {
      if (shards.has(digest)) return;
      shards.set(digest, { bytes, hosts: new Map(hosts.map((rules) => [rules.host, rules])), handlers: new Map() });
      totalBytes += bytes;
      for (const [oldest, shard] of shards) {
        if (totalBytes <= maxBytes || oldest === digest) break;
        shards.delete(oldest);
        totalBytes -= shard.bytes;
      }
    },
    findHandler(digests, host) {
      for (const digest of digests) {
        const shard = shards.get(digest);
        const rules = shard?.hosts.get(host);
        if (!shard || !rules) continue;
        touch(digest, shard);
        const handler = shard.handlers.get(host) ?? createHostHandler(rules, createForwarder);
        shard.handlers.set(host, handler);
        return handler;
      }
      return undefined;
    },
    listHosts: () => [...shards.values()].flatMap(({ hosts }) => [...hosts.keys()]),
    keep: (digests) => createShardCache(maxBytes, new Map([...shards].filter(([digest]) => digests.has(digest)))),
  };
}
