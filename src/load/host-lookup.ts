import type { Env } from "../env.ts";
import type { HashKey } from "../rules/half-sip-hash.ts";
import { createHostFilter, type HostFilter } from "../rules/host-filter.ts";
import { listHostCandidates } from "../rules/hosts.ts";
import { filterKey, shardKey } from "../rules/kv-keys.ts";
import type { BlobCache, SnapshotSide } from "./active-snapshot.ts";
import { type Background, type BlobReader, readBlobValues } from "./blob-reader.ts";
import { findLoadedMatch, type HostLocation, locateHost, rememberMatch } from "./loaded-hosts.ts";
import { findShardMatch, type HostMatch } from "./shard-cache.ts";
import { doOnce } from "./shared-work.ts";
import { decodeFilter, decodeShard } from "./verify.ts";

/**
 * Names whose blobs, two each, one operation reads. A name that the wildcard filter accepts is almost always published, so
 * more names are almost never read.
 */
const MAX_READ_NAMES = 4;

/** The resources of a look-up. */
export interface LookupContext {
  readonly blobs: BlobCache;
  readonly hashKey: HashKey;
  readonly env: Env;
  readonly background: Background;
}

/**
 * Returns the rules of a request's host: its own, else the most specific wildcard's, else the catch-all's. Missing blobs are read in
 * one operation. A host that its segment of the filter excludes loads no shard, because clients can send any name. Rejects
 * if the shard of a host is unreadable: a less specific host would answer without its guards.
 */
export async function findHostMatch(
  side: SnapshotSide,
  host: string,
  context: LookupContext,
): Promise<HostMatch | undefined> {
  const locations = locateHosts(side, listHostCandidates(host, side.deepWildcardLabels), context);
  const readMatch = () => readHostMatch(side, locations, context);
  const keys = listMissingKeys(locations);
  if (keys.length === 0) return await readMatch();
  const own = await doOnce(keys.join(" "), context.background, readMatch);
  if (own) return own.value;
  const match = findLoadedMatch(side, host, context.blobs, context.hashKey);
  if (match === "not-loaded") return await readMatch(); // dropped meanwhile
  return match === "no-match" ? undefined : match;
}

async function readHostMatch(
  side: SnapshotSide,
  locations: readonly HostLocation[],
  context: LookupContext,
): Promise<HostMatch | undefined> {
  const first = locations.slice(0, MAX_READ_NAMES);
  const reader = await readMissing(first, context);
  for (const location of first) {
    const filter = location.filter ?? (await addFilter(location, reader, context));
    if (!filter.mayContain(location.name)) continue;
    const shard = location.shard ?? (await addShard(location, reader, context));
    const match = rememberMatch(side, shard, location.name, context.blobs);
    if (match) return match;
  }
  return locations.length > MAX_READ_NAMES
    ? await readHostMatch(side, locations.slice(MAX_READ_NAMES), context)
    : undefined;
}

/** Loads the blobs of hosts that are in use, and checks their rules. Rejects if one of them is unreadable. */
export async function preloadHosts(
  side: SnapshotSide,
  hosts: readonly string[],
  context: LookupContext,
): Promise<void> {
  const locations = locateHosts(side, hosts, context);
  const reader = await readMissing(locations, context);
  for (const location of locations) {
    const { filters, shards } = context.blobs;
    const filter = filters.get(location.filterDigest) ?? (await addFilter(location, reader, context));
    if (!filter.mayContain(location.name)) continue;
    const shard = shards.get(location.shardDigest) ?? location.shard ?? (await addShard(location, reader, context));
    findShardMatch(shards, shard, location.name);
  }
}

/** Returns the locations of the names that may be published. */
function locateHosts(side: SnapshotSide, names: readonly string[], { blobs, hashKey }: LookupContext): HostLocation[] {
  return names.flatMap((name) => locateHost(side, name, blobs, hashKey) ?? []);
}

async function readMissing(
  locations: readonly HostLocation[],
  { env, background }: LookupContext,
): Promise<BlobReader> {
  return await readBlobValues(listMissingKeys(locations), env, background);
}

function listMissingKeys(locations: readonly HostLocation[]): string[] {
  const keys = locations.flatMap(({ filter, filterDigest, shard, shardDigest }) => [
    ...(filter ? [] : [filterKey(filterDigest)]),
    ...(shard ? [] : [shardKey(shardDigest)]),
  ]);
  return [...new Set(keys)];
}

async function addFilter(
  { filterDigest }: HostLocation,
  reader: BlobReader,
  { blobs, hashKey }: LookupContext,
): Promise<HostFilter> {
  const bytes = await reader.decode(filterKey(filterDigest), (value) => decodeFilter(value, filterDigest));
  const filter = createHostFilter(bytes, hashKey);
  blobs.filters.set(filterDigest, filter);
  return filter;
}

async function addShard({ shardDigest }: HostLocation, reader: BlobReader, { blobs }: LookupContext) {
  const text = await reader.decode(shardKey(shardDigest), (value) => decodeShard(value, shardDigest));
  return blobs.shards.add(shardDigest, text);
}
