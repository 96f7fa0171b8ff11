import type { HashKey } from "../rules/half-sip-hash.ts";
import type { HostFilter } from "../rules/host-filter.ts";
import { CATCH_ALL_HOST, findWildcardName, listDeepWildcards } from "../rules/hosts.ts";
import { computeSegmentIndex, computeShardIndex } from "../rules/kv-keys.ts";
import type { BlobCache, SnapshotSide } from "./active-snapshot.ts";
import { findShardMatch, type HostMatch, type LoadedShard } from "./shard-cache.ts";

/** The blobs of a name of rules, if it is published: a segment of the filter, and a shard. */
export interface HostLocation {
  readonly name: string;
  readonly filterDigest: string;
  readonly filter: HostFilter | undefined; // undefined if it is not loaded
  readonly shardDigest: string;
  readonly shard: LoadedShard | undefined;
}

/**
 * Returns the rules of a request's host if all blobs that decide it are loaded: its own, else the wildcard's, else the
 * catch-all's. Throws if the rules of the host are invalid.
 */
export function findLoadedMatch(
  side: SnapshotSide,
  host: string,
  blobs: BlobCache,
  hashKey: HashKey,
): HostMatch | "no-match" | "not-loaded" {
  const match = side.matches.get(host);
  if (match) {
    blobs.shards.use(match.shard);
    return match;
  }
  const wildcard = findWildcardName(host);
  return (
    findLoadedName(side, host, blobs, hashKey) ??
    (wildcard === undefined ? undefined : findLoadedName(side, wildcard, blobs, hashKey)) ??
    (side.deepWildcardLabels === 0 ? undefined : findLoadedDeepWildcard(side, host, blobs, hashKey)) ??
    findLoadedName(side, CATCH_ALL_HOST, blobs, hashKey) ??
    "no-match"
  );
}

function findLoadedDeepWildcard(
  side: SnapshotSide,
  host: string,
  blobs: BlobCache,
  hashKey: HashKey,
): HostMatch | "not-loaded" | undefined {
  for (const name of listDeepWildcards(host, side.deepWildcardLabels)) {
    const match = findLoadedName(side, name, blobs, hashKey);
    if (match) return match;
  }
  return undefined;
}

function findLoadedName(
  side: SnapshotSide,
  name: string,
  blobs: BlobCache,
  hashKey: HashKey,
): HostMatch | "not-loaded" | undefined {
  const match = side.matches.get(name);
  if (match) {
    blobs.shards.use(match.shard);
    return match;
  }
  const location = locateHost(side, name, blobs, hashKey);
  if (!location) return undefined;
  return location.filter && location.shard ? rememberMatch(side, location.shard, name, blobs) : "not-loaded";
}

/** Returns the match of a name in its shard. The side remembers it as long as the shard is loaded. */
export function rememberMatch(
  side: SnapshotSide,
  shard: LoadedShard,
  name: string,
  { shards }: BlobCache,
): HostMatch | undefined {
  const match = findShardMatch(shards, shard, name);
  if (match && shards.get(shard.digest) === shard) side.matches.set(name, match);
  return match;
}

/** Returns the location of a name, or undefined if a filter excludes it. */
export function locateHost(
  { hostFilter, wildcardFilter, shards }: SnapshotSide,
  name: string,
  blobs: BlobCache,
  hashKey: HashKey,
): HostLocation | undefined {
  if (name.startsWith("*") && !wildcardFilter.mayContain(name)) return undefined;
  const filterDigest = hostFilter.find(computeSegmentIndex(name, hostFilter.count, hashKey));
  const shardDigest = shards.find(computeShardIndex(name, shards.count, hashKey));
  if (filterDigest === undefined || shardDigest === undefined) return undefined;
  const filter = blobs.filters.get(filterDigest);
  if (filter && !filter.mayContain(name)) return undefined;
  return { name, filterDigest, filter, shardDigest, shard: blobs.shards.get(shardDigest) };
}
