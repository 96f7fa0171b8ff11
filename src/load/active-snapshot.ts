import type { Env } from "../env.ts";
import { createHostFilter, type HostFilter } from "../rules/host-filter.ts";
import type { Candidate, Manifest } from "../rules/snapshot.ts";
import { applyDigests, countDigests, type DigestTable, listDigests } from "../rules/storage/digest-table.ts";
import { decodeBase64 } from "../runtime/base64.ts";
import type { ShardCache } from "./shard-cache.ts";
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
  readonly hostFilter: DigestTable;
  readonly wildcardFilter: HostFilter;
  readonly shards: DigestTable;
}

/** The decoded blobs of an isolate, by digest. Both sides of a roll-out share them, and their limit of memory. */
export interface BlobCache {
  readonly filters: Map<string, HostFilter>;
  readonly shards: ShardCache;
}

/** Verifies a manifest, and reads the tables of its sides. */
export async function createSnapshot(bytes: string, env: Env): Promise<ActiveSnapshot> {
  const publisher = { publicKeys: env.EDGRESS_VERIFYING_KEY, kvNamespaceId: env.EDGRESS_KV_NAMESPACE_ID };
  const manifest = await verifyManifest(bytes, publisher);
  const { candidate, hashKey } = manifest;
  const [hostFilter, shards] = [readTable(manifest.hostFilter), readTable(manifest.shards)];
  const createWildcardFilter = (text: string) => createHostFilter(decodeBase64(text), hashKey);
  return {
    manifest,
    bytes,
    active: { hostFilter, shards, wildcardFilter: createWildcardFilter(manifest.wildcardFilter) },
    candidate: candidate && {
      settings: candidate,
      hostFilter: applyDigests(hostFilter, decodeBase64(candidate.hostFilter)),
      shards: applyDigests(shards, decodeBase64(candidate.shards)),
      wildcardFilter: createWildcardFilter(candidate.wildcardFilter),
    },
  };
}

/** Drops the blobs that no side of a snapshot has. */
export function retainBlobs({ filters, shards }: BlobCache, { active, candidate }: ActiveSnapshot): void {
  const sides = candidate ? [active, candidate] : [active];
  const filterDigests = new Set(sides.flatMap(({ hostFilter }) => listDigests(hostFilter)));
  for (const digest of [...filters.keys()]) if (!filterDigests.has(digest)) filters.delete(digest);
  shards.retain(new Set(sides.flatMap((side) => listDigests(side.shards))));
}

/** Decodes a table. Throws if its length is invalid. */
function readTable(text: string): DigestTable {
  const table = decodeBase64(text);
  countDigests(table);
  return table;
}
