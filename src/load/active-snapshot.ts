import type { Env } from "../env.ts";
import { createHostFilter, type HostFilter } from "../rules/host-filter.ts";
import type { Candidate, Manifest } from "../rules/snapshot.ts";
import {
  applyDigests,
  countDigests,
  type DigestTable,
  findDigest,
  listDigests,
} from "../rules/storage/digest-table.ts";
import { decodeBase64 } from "../runtime/base64.ts";
import type { ByteCache } from "../runtime/byte-cache.ts";
import type { HostMatch, LoadedShard, LoadedText } from "./host-match.ts";
import { verifyManifest } from "./verify.ts";

/** The snapshot that an isolate serves from. */
export interface ActiveSnapshot {
  readonly manifest: Manifest;
  readonly bytes: string; // of the signed manifest
  readonly active: SnapshotSide;
  readonly candidate: (SnapshotSide & { readonly settings: Candidate }) | undefined;
}

/** One side of a staged roll-out, or the whole snapshot without one: the tables of its blobs. */
export interface SnapshotSide {
  readonly hostFilter: BlobTable;
  readonly wildcardFilter: HostFilter;
  readonly deepWildcardLabels: number; // labels of the longest x in the names "**.x"; 0 without any
  readonly shards: BlobTable;
  /** The used hosts of rules whose handlers are kept, so that a request for one of them needs one look-up. */
  readonly matches: Map<string, HostMatch>;
}

/** The digests of blobs by number. */
export interface BlobTable {
  readonly digests: DigestTable;
  readonly count: number;
  /** Returns a digest in hex, or undefined if the number has no blob. */
  find(index: number): string | undefined;
}

/** The blobs of an isolate by digest, and its handlers of hosts. Both sides of a roll-out share them, and their limits of memory. */
export interface BlobCache {
  readonly filters: Map<string, HostFilter>;
  readonly shards: ByteCache<LoadedShard>;
  readonly texts: ByteCache<LoadedText>;
  readonly hosts: ByteCache<HostMatch>;
}

/** Verifies a manifest, and reads the tables of its sides. */
export async function createSnapshot(bytes: string, env: Env): Promise<ActiveSnapshot> {
  const publisher = { publicKeys: env.EDGRESS_VERIFYING_KEY, kvNamespaceId: env.EDGRESS_KV_NAMESPACE_ID };
  const manifest = await verifyManifest(bytes, publisher);
  const { candidate, hashKey } = manifest;
  const [hostFilter, shards] = [decodeBase64(manifest.hostFilter), decodeBase64(manifest.shards)];
  const createSide = (
    segmentDigests: DigestTable,
    shardDigests: DigestTable,
    { wildcardFilter, deepWildcardLabels = 0 }: Pick<Manifest, "wildcardFilter" | "deepWildcardLabels">,
  ): SnapshotSide => ({
    hostFilter: createBlobTable(segmentDigests),
    shards: createBlobTable(shardDigests),
    wildcardFilter: createHostFilter(decodeBase64(wildcardFilter), hashKey),
    deepWildcardLabels,
    matches: new Map(),
  });
  return {
    manifest,
    bytes,
    active: createSide(hostFilter, shards, manifest),
    candidate: candidate && {
      settings: candidate,
      ...createSide(
        applyDigests(hostFilter, decodeBase64(candidate.hostFilter)),
        applyDigests(shards, decodeBase64(candidate.shards)),
        candidate,
      ),
    },
  };
}

/** Drops the blobs, and the handlers of hosts, that no side of a snapshot has. */
export function retainBlobs({ filters, shards, texts, hosts }: BlobCache, snapshot: ActiveSnapshot): void {
  if (filters.size === 0 && shards.size === 0 && hosts.size === 0) return; // a cold isolate has no time for digests
  const sides = listSides(snapshot);
  const filterDigests = new Set(sides.flatMap(({ hostFilter }) => listDigests(hostFilter.digests)));
  for (const digest of [...filters.keys()]) if (!filterDigests.has(digest)) filters.delete(digest);
  const shardDigests = new Set(sides.flatMap((side) => listDigests(side.shards.digests)));
  for (const cache of [shards, texts]) cache.retain(({ key }) => shardDigests.has(key));
  hosts.retain(({ shardDigest }) => shardDigests.has(shardDigest));
}

/** Forgets a host whose handler the isolate has dropped. */
export function forgetHost(snapshot: ActiveSnapshot, match: HostMatch): void {
  for (const { matches } of listSides(snapshot)) if (matches.get(match.host) === match) matches.delete(match.host);
}

function listSides({ active, candidate }: ActiveSnapshot): SnapshotSide[] {
  return candidate ? [active, candidate] : [active];
}

/** Keeps each digest as text, because it is a key of KV and of maps. Throws if the length of the table is invalid. */
function createBlobTable(digests: DigestTable): BlobTable {
  const texts: (string | undefined)[] = [];
  return {
    digests,
    count: countDigests(digests),
    find(index) {
      texts[index] ??= findDigest(digests, index);
      return texts[index];
    },
  };
}
