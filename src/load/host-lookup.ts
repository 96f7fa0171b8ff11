import type { Env } from "../env.ts";
import type { HashKey } from "../rules/half-sip-hash.ts";
import { createHostFilter } from "../rules/host-filter.ts";
import { listHostCandidates } from "../rules/hosts.ts";
import { filterKey, shardKey } from "../rules/kv-keys.ts";
import type { BlobCache, SnapshotSide } from "./active-snapshot.ts";
import { type Background, type BlobReader, readBlobValues } from "./blob-reader.ts";
import { addHostMatch, createLoadedShard, createLoadedText, type HostMatch } from "./host-match.ts";
import { findLoadedMatch, type HostLocation, locateHost, rememberMatch } from "./loaded-hosts.ts";
import { doOnce } from "./shared-work.ts";
import { decodeFilter, decodeShard, decompressShard, type ShardText } from "./verify.ts";

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
 * if the shard of a host is unreadable or its rules are invalid: a less specific host would answer without its guards.
 */
export async function findHostMatch(
  side: SnapshotSide,
  host: string,
  context: LookupContext,
): Promise<HostMatch | undefined> {
  const locate = () => locateHosts(side, listHostCandidates(host, side.deepWildcardLabels), context);
  const locations = locate();
  if (locations.length === 0) return undefined;
  const work = listMissingKeys(locations).join(" ") || host;
  const own = await doOnce(work, context.background, () => readHostMatch(side, locations, context));
  if (own) return own.value;
  const match = findLoadedMatch(side, host, context.blobs, context.hashKey);
  // The other request was for another host of the shard, or the match is dropped already.
  if (match === "not-loaded") return await readHostMatch(side, locate(), context);
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
    const match = location.match ?? (await addMatch(location, reader, context));
    if (!match) continue;
    rememberMatch(side, match, context.blobs);
    return match;
  }
  return locations.length > MAX_READ_NAMES
    ? await readHostMatch(side, locations.slice(MAX_READ_NAMES), context)
    : undefined;
}

async function addMatch(location: HostLocation, reader: BlobReader, context: LookupContext) {
  if (!(await isPublished(location, reader, context))) return undefined;
  const text = await readShardText(location, reader, context);
  return addHostMatch(context.blobs.hosts, text, location.name, location.shardDigest);
}

/** Loads the blobs of hosts that are in use, and checks their rules. Rejects if one of them is unreadable. */
export async function preloadHosts(
  side: SnapshotSide,
  names: readonly string[],
  context: LookupContext,
): Promise<void> {
  const locations = locateHosts(side, names, context);
  const reader = await readMissing(locations, context);
  for (const [digest, hosts] of Map.groupBy(locations, ({ shardDigest }) => shardDigest)) {
    let text: string | undefined;
    for (const location of hosts) {
      const needsMatch = (await isPublished(location, reader, context)) && !location.match;
      if (!needsMatch) continue;
      text ??= await readShardText(location, reader, context);
      addHostMatch(context.blobs.hosts, text, location.name, digest);
    }
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
  const keys = locations.flatMap(({ match, filter, filterDigest, text, shard, shardDigest }) => [
    ...(filter ? [] : [filterKey(filterDigest)]),
    ...(match || text || shard ? [] : [shardKey(shardDigest)]),
  ]);
  return [...new Set(keys)];
}

async function isPublished(
  { name, filterDigest, filter }: HostLocation,
  reader: BlobReader,
  { blobs, hashKey }: LookupContext,
): Promise<boolean> {
  const loaded = filter ?? blobs.filters.get(filterDigest);
  if (loaded) return loaded.mayContain(name);
  const bytes = await reader.decode(filterKey(filterDigest), (value) => decodeFilter(value, filterDigest));
  const added = createHostFilter(bytes, hashKey);
  blobs.filters.set(filterDigest, added);
  return added.mayContain(name);
}

async function readShardText(
  { shardDigest, shard, text }: HostLocation,
  reader: BlobReader,
  { blobs }: LookupContext,
): Promise<string> {
  if (text) return text.text;
  const loaded = shard ? await decompressShard(shard.compressed) : await readShard(shardDigest, reader, blobs);
  return blobs.texts.add(createLoadedText(shardDigest, loaded)).text;
}

async function readShard(digest: string, reader: BlobReader, { shards }: BlobCache): Promise<ShardText> {
  const verified = await reader.decode(shardKey(digest), (value) => decodeShard(value, digest));
  shards.add(createLoadedShard(digest, verified.compressed));
  return verified;
}
