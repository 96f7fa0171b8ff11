import type { HashKey } from "../../../src/rules/half-sip-hash.ts";
import type { HostRules, Manifest, ManifestCounts } from "../../../src/rules/snapshot.ts";
import { packDigests } from "../../../src/rules/storage/digest-table.ts";
import { parseRouteOwner } from "../../../src/rules/storage/route-id.ts";
import { createDistinctCount } from "../../incremental/distinct-count.ts";
import { createListMemo } from "../../incremental/list-memo.ts";
import { type SerializedShard, serializeShards, type TokenEncryptor } from "../serialize.ts";
import { buildFilterSegments } from "./filter-segments.ts";
import { encodeTable } from "./manifest-blobs.ts";

/** The blobs of one side of a manifest, and the fields that name them. */
export interface SidePlan {
  readonly manifestPart: Pick<Manifest, "counts" | "hostFilter" | "wildcardFilter" | "deepWildcardLabels" | "shards">;
  readonly shards: ReadonlyMap<string, SerializedShard>; // by digest
  readonly filters: ReadonlyMap<string, Uint8Array>; // segments of the host filter by digest
}

/** Plans the blobs of some hosts. The same hosts give the same bytes. */
export function planSide(
  hosts: readonly HostRules[],
  counts: { readonly shards: number; readonly segments: number },
  { hashKey, encryptTokens }: { readonly hashKey: HashKey; readonly encryptTokens?: TokenEncryptor | undefined },
): SidePlan {
  const shards = serializeShards(hosts, counts.shards, hashKey, encryptTokens);
  const names = listNames(hosts, [], ({ host }) => host);
  const { digests, segments, wildcardFilter, deepWildcardLabels } = buildFilterSegments(
    names,
    counts.segments,
    hashKey,
  );
  return {
    manifestPart: {
      counts: countRules(hosts, shards),
      hostFilter: encodeTable(packDigests(digests)),
      wildcardFilter: encodeTable(wildcardFilter),
      ...(deepWildcardLabels > 0 && { deepWildcardLabels }),
      shards: encodeTable(packDigests(shards.map((shard) => shard?.digest))),
    },
    shards: new Map(shards.flatMap((shard) => (shard ? [[shard.digest, shard]] : []))),
    filters: segments,
  };
}

// Each remembers the last hosts, so that a change reads only the hosts that changed.
const listNames = createListMemo<HostRules, string>();
const listRouteCounts = createListMemo<HostRules, number>();
const countIngresses = createDistinctCount(({ routes }: HostRules) =>
  routes.map(({ id }) => parseRouteOwner(id)).filter((name) => name !== ""),
);

function countRules(hosts: readonly HostRules[], shards: readonly (SerializedShard | undefined)[]): ManifestCounts {
  return {
    hosts: hosts.length,
    routes: listRouteCounts(hosts, [], ({ routes }) => routes.length).reduce((sum, count) => sum + count, 0),
    ingresses: countIngresses(hosts),
    bytes: shards.reduce((sum, shard) => sum + (shard?.bytes ?? 0), 0),
  };
}
