import { compareText } from "../../../src/rules/compare-text.ts";
import { computeShardIndex } from "../../../src/rules/kv-keys.ts";
import { type Ingress, nameOf } from "../../collect/cluster-model.ts";
import { diffLists } from "../../incremental/list-diff.ts";
import { computeDigest } from "../canonical-json.ts";
import { chooseShardCount } from "../plan-publication.ts";
import { serializeIngress } from "./stored-ingress.ts";

/** The Ingresses whose names hash to one blob; those of an empty group have none. */
export interface StateShard {
  readonly ingresses: readonly Ingress[];
  readonly digest: string | null;
}

/** Groups that need a blob, with what is to be written of them: the text, by digest. */
export interface StateShards {
  readonly shards: readonly StateShard[];
  readonly newBlobs: ReadonlyMap<string, string>;
}

/** What Ingresses were grouped before, and how. */
export interface PreviousShards {
  readonly ingresses: readonly Ingress[];
  readonly shards: readonly StateShard[];
}

/** Groups Ingresses as hosts are into shards. A group whose Ingresses are the same objects as before costs nothing. */
export function buildStateShards(ingresses: readonly Ingress[], previous: PreviousShards): StateShards {
  const bytes = ingresses.reduce((sum, ingress) => sum + serializeIngress(ingress).length, 0);
  const count = chooseShardCount(bytes, previous.shards.length || undefined);
  const isResharded = count !== previous.shards.length;
  const previousShards = isResharded ? Array.from({ length: count }, () => EMPTY_SHARD) : previous.shards;
  const { removed, added } = diffLists(isResharded ? [] : previous.ingresses, ingresses);
  const findShardIndex = (ingress: Ingress) => computeShardIndex(nameOf(ingress), count);
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

/** What a group's blob holds, whatever the order in which its Ingresses came. */
function serializeStateShard(ingresses: readonly Ingress[]): string {
  const sortedIngresses = ingresses.toSorted((a, b) => compareText(nameOf(a), nameOf(b)));
  return `{"ingresses":[${sortedIngresses.map(serializeIngress).join(",")}]}`;
}
