import { expandShard, type HostRules } from "../../../src/rules/snapshot.ts";
import { listDigests } from "../../../src/rules/storage/digest-table.ts";
import type { Kv } from "../../cloudflare/kv.ts";
import { formatMissingBlobs } from "../blobs.ts";
import { rememberSettingsKeys } from "../serialize.ts";
import type { SideTables } from "./manifest-blobs.ts";
import { readShards } from "./read-blobs.ts";

/** Reads the hosts of one side of a manifest. Rejects if a shard is missing or damaged. */
export async function readSideHosts(kv: Kv, { shards }: SideTables): Promise<readonly HostRules[]> {
  const { values, missingBlobs } = await readShards(kv, [...new Set(listDigests(shards))]);
  if (missingBlobs.length > 0)
    throw new Error(`snapshot in KV is incomplete: ${formatMissingBlobs(missingBlobs, "shard")}`);
  for (const shard of values.values()) rememberSettingsKeys(shard);
  return [...values.values()].flatMap(expandShard);
}
