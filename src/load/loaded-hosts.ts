import type { HashKey } from "../rules/half-sip-hash.ts";
import type { HostFilter } from "../rules/host-filter.ts";
import { CATCH_ALL_HOST, findWildcardName, listDeepWildcards } from "../rules/hosts.ts";
import { computeSegmentIndex, computeShardIndex } from "../rules/kv-keys.ts";
import type { BlobCache, SnapshotSide } from "./active-snapshot.ts";
import { addHostMatch, type HostMatch, hostMatchKey, type LoadedShard, type LoadedText } from "./host-match.ts";

/** The blobs of a name of rules, if it is published: a segment of the filter, and a shard. */
export interface HostLocation {
  readonly name: string;
  readonly filterDigest: string;
  readonly filter: HostFilter | undefined; // undefined if it is not loaded
  readonly shardDigest: string;
  readonly shard: LoadedShard | undefined;
  readonly text: LoadedText | undefined; // of the shard
  /** Undefined if no handler of the host is kept. With it, the shard is not needed. */
  readonly match: HostMatch | undefined;
}

/**
 * Returns the rules of a request's host if no blob must be read for it: its own, else the wildcard's, else the catch-all's.
 */
export function findLoadedMatch(
  side: SnapshotSide,
  host: string,
  blobs: BlobCache,
  hashKey: HashKey,
): HostMatch | "no-match" | "not-loaded" {
  const match = side.matches.get(host);
  if (match) {
    blobs.hosts.use(match);
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
    blobs.hosts.use(match);
    return match;
  }
  const location = locateHost(side, name, blobs, hashKey);
  if (!location) return undefined;
  const found = location.match ?? addFromShard(location, blobs);
  if (typeof found === "object") rememberMatch(side, found, blobs);
  return found;
}

/**
 * Adds the match of a name if the text of its shard is kept. "not-loaded" also if its rules are invalid: loading them again
 * reports why.
 */
function addFromShard(
  { name, filter, text, shardDigest }: HostLocation,
  { hosts }: BlobCache,
): HostMatch | "not-loaded" | undefined {
  if (!filter || !text) return "not-loaded";
  try {
    return addHostMatch(hosts, text.text, name, shardDigest);
  } catch {
    return "not-loaded";
  }
}

/** Remembers the match of a side as long as the cache keeps it. */
export function rememberMatch(side: SnapshotSide, match: HostMatch, { hosts }: BlobCache): void {
  if (hosts.get(match.key) === match) side.matches.set(match.host, match);
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
  const match = blobs.hosts.get(hostMatchKey(shardDigest, name));
  const [shard, text] = [blobs.shards.get(shardDigest), blobs.texts.get(shardDigest)];
  return { name, filterDigest, filter, shardDigest, shard, text, match };
}
