import { compareText } from "../../../src/rules/compare-text.ts";
import type { HashKey } from "../../../src/rules/half-sip-hash.ts";
import { computeShardIndex } from "../../../src/rules/kv-keys.ts";
import { type Ingress, nameOf } from "../../collect/cluster-model.ts";
import { diffLists } from "../../incremental/list-diff.ts";
import { computeDigest } from "../canonical-json.ts";
import { chooseShardCount } from "../plan-publication.ts";
import { serializeIngress } from "./stored-ingress.ts";

/** Ingresses whose names hash to the same shard. An empty shard has no blob and no digest. */
export interface StateShard {
  readonly ingresses: readonly Ingress[];
  readonly digest: string | null;
}

/** All shards, and the texts of new shards by digest. */
export interface StateShards {
  readonly shards: readonly StateShard[];
  readonly newBlobs: ReadonlyMap<string, string>;
}

/** Ingresses and shards of the previous controller state. */
export interface PreviousShards {
  readonly ingresses: readonly Ingress[];
  readonly shards: readonly StateShard[];
}

/** Distributes Ingresses over shards by name. A shard whose Ingresses are the same objects as before is reused. */
export function buildStateShards(
  ingresses: readonly Ingress[],
  previous: PreviousShards,
  hashKey: HashKey,
): StateShards {
  const bytes = ingresses.reduce((sum, ingress) => sum + serializeIngress(ingress).length, 0);
  const count = chooseShardCount(bytes, previous.shards.length || undefined);
  const isResharded = count !== previous.shards.length;
  const previousShards = isResharded ? Array.from({ length: count }, () => EMPTY_SHARD) : previous.shards;
  const { removed, added } = diffLists(isResharded ? [] : previous.ingresses, ingresses);
  const findShardIndex = (ingress: Ingress) => computeShardIndex(nameOf(ingress), count, hashKey);
  const changedIndexes = new Set([...removed, ...added].map(findShardIndex));
  const addedByIndex = Map.groupBy(added, findShardIndex);
  const removedIngresses = new Set(removed);
  const texts = new Map<string, string>();
  const shards = previousShards.map((shard, index): StateShard => {
    if (!changedIndexes.has(index)) return shard;
    const members = [
      ...shard.ingresses.filter((ingress) => !removedIngresses.has(ingress)),
      ...(addedByIndex.get(index) ?? []),
    ];
    if (members.length === 0) return EMPTY_SHARD;
    const text = serializeStateShard(members);
    const digest = computeDigest(text);
    texts.set(digest, text);
    return { ingresses: members, digest };
  });
  return { shards, newBlobs: texts };
}

const EMPTY_SHARD: StateShard = { ingresses: [], digest: null };

/** Serializes a shard. Sorts its Ingresses, so that their order of arrival does not change the bytes. */
function serializeStateShard(ingresses: readonly Ingress[]): string {
  const sortedIngresses = ingresses.toSorted((a, b) => compareText(nameOf(a), nameOf(b)));
  return `{"ingresses":[${sortedIngresses.map(serializeIngress).join(",")}]}`;
}
