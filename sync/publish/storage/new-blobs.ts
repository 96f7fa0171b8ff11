import { filterKey, shardKey } from "../../../src/rules/kv-keys.ts";
import type { Manifest } from "../../../src/rules/snapshot.ts";
import { readShardText } from "../serialize.ts";
import { encodeFilter, encodeShard } from "./encode-blobs.ts";
import { listAllShardDigests, listFilterDigests } from "./manifest-blobs.ts";
import type { SidePlan } from "./plan-side.ts";

/** Blobs by digest. */
export type Blobs = Pick<SidePlan, "shards" | "filters">;

/** The manifest in KV, and the digests of its blobs that are missing there. */
interface StoredManifest {
  readonly manifest: Manifest | undefined;
  readonly missingShards: readonly string[];
}

/** Returns the blobs that are not in KV yet. */
export function findNewBlobs({ shards, filters }: Blobs, { manifest, missingShards }: StoredManifest): Blobs {
  const storedDigests = manifest ? [...listAllShardDigests(manifest), ...listFilterDigests(manifest)] : [];
  const missingDigests = new Set(missingShards);
  const presentDigests = new Set(storedDigests.filter((digest) => !missingDigests.has(digest)));
  const isNew = ([digest]: readonly [string, unknown]) => !presentDigests.has(digest);
  return { shards: new Map([...shards].filter(isNew)), filters: new Map([...filters].filter(isNew)) };
}

/** Returns the values of blobs by key. */
export async function encodeBlobs({ shards, filters }: Blobs): Promise<Map<string, string>> {
  const entries: [string, string][] = [];
  // One after the other: all at once would keep all texts and results in memory.
  for (const [digest, shard] of shards) entries.push([shardKey(digest), await encodeShard(readShardText(shard))]);
  for (const [digest, bytes] of filters) entries.push([filterKey(digest), encodeFilter(bytes)]);
  return new Map(entries);
}
