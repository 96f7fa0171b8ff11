import type { HashKey } from "../../../src/rules/half-sip-hash.ts";
import type { HostRules, Manifest, ManifestCounts } from "../../../src/rules/snapshot.ts";
import { packDigests } from "../../../src/rules/storage/digest-table.ts";
import { findRoutedIngresses } from "../guard/changed-ingresses.ts";
import { countHostRoutes } from "../guard/removals.ts";
import { type SerializedShard, serializeShards, type TokenEncryptor } from "../serialize.ts";
import { buildFilterSegments } from "./filter-segments.ts";
import { encodeTable } from "./manifest-blobs.ts";

/** The blobs of one side of a manifest, and the fields that name them. */
export interface SidePlan {
  readonly manifestPart: Pick<Manifest, "counts" | "hostFilter" | "wildcardFilter" | "shards">;
  readonly shards: ReadonlyMap<string, string>; // texts by digest
  readonly filters: ReadonlyMap<string, Uint8Array>; // segments of the host filter by digest
}

/** Plans the blobs of some hosts. The same hosts give the same bytes. */
export function planSide(
  hosts: readonly HostRules[],
  counts: { readonly shards: number; readonly segments: number },
  { hashKey, encryptTokens }: { readonly hashKey: HashKey; readonly encryptTokens?: TokenEncryptor | undefined },
): SidePlan {
  const shards = serializeShards(hosts, counts.shards, hashKey, encryptTokens);
  const names = hosts.map(({ host }) => host);
  const { digests, segments, wildcardFilter } = buildFilterSegments(names, counts.segments, hashKey);
  return {
    manifestPart: {
      counts: countRules(hosts, shards),
      hostFilter: encodeTable(packDigests(digests)),
      wildcardFilter: encodeTable(wildcardFilter),
      shards: encodeTable(packDigests(shards.map((shard) => shard?.digest))),
    },
    shards: new Map(shards.flatMap((shard) => (shard ? [[shard.digest, shard.text]] : []))),
    filters: segments,
  };
}

function countRules(hosts: readonly HostRules[], shards: readonly (SerializedShard | undefined)[]): ManifestCounts {
  return {
    hosts: hosts.length,
    routes: countHostRoutes(hosts),
    ingresses: [...findRoutedIngresses(hosts)].filter((name) => name !== "").length,
    bytes: shards.reduce((sum, shard) => sum + (shard ? Buffer.byteLength(shard.text) : 0), 0),
  };
}
