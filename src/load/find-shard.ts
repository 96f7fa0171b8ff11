import { computeShardIndex } from "../rules/kv-keys.ts";
import type { Manifest } from "../rules/snapshot.ts";
import { countDigests, findDigest } from "../rules/storage/digest-table.ts";
import { decodeBase64 } from "../runtime/base64.ts";

/** Returns the digest of the shard that has a host of rules, or undefined if no published host hashes to it. */
export function findShardDigest({ shards, hashKey }: Manifest, host: string): string | undefined {
  const table = decodeBase64(shards);
  return findDigest(table, computeShardIndex(host, countDigests(table), hashKey));
}
