import { shardOf } from "../../src/rules/keys.ts";
import { compareText } from "../../src/rules/order.ts";
import type { Ingress } from "../collect/cluster.ts";
import { nameOf } from "../compile/select.ts";
import { differences } from "../differences.ts";
import { digestOf } from "./canonical.ts";
import { textOf } from "./ledger-ingress.ts";
import { shardCount } from "./plan.ts";

/** The Ingresses whose names hash to one blob; those of an empty group have none. */
export interface Group {
  readonly ingresses: readonly Ingress[];
  readonly digest: string | null;
}

/** Groups that need a blob, with what is to be written of them: the text, by digest. */
export interface Grouped {
  readonly groups: readonly Group[];
  readonly fresh: ReadonlyMap<string, string>;
}

/** What Ingresses were grouped before, and how. */
export interface GroupedBefore {
  readonly ingresses: readonly Ingress[];
  readonly groups: readonly Group[];
}

/** Groups Ingresses as hosts are into shards. A group whose Ingresses are the same objects as before costs nothing. */
export function groupsOf(ingresses: readonly Ingress[], before: GroupedBefore): Grouped {
  const bytes = ingresses.reduce((sum, ingress) => sum + textOf(ingress).length, 0);
  const count = shardCount(bytes, before.groups.length || undefined);
  const isRegrouped = count !== before.groups.length;
  const former = isRegrouped ? Array.from({ length: count }, () => EMPTY) : before.groups;
  const { gone, fresh } = differences(isRegrouped ? [] : before.ingresses, ingresses);
  const placeOf = (ingress: Ingress) => shardOf(nameOf(ingress), count);
  const touched = new Set([...gone, ...fresh].map(placeOf));
  const coming = Map.groupBy(fresh, placeOf);
  const left = new Set(gone);
  const texts = new Map<string, string>();
  const groups = former.map((group, place): Group => {
    if (!touched.has(place)) return group;
    const members = [...group.ingresses.filter((one) => !left.has(one)), ...(coming.get(place) ?? [])];
    if (members.length === 0) return EMPTY;
    const text = groupText(members);
    const digest = digestOf(text);
    texts.set(digest, text);
    return { ingresses: members, digest };
  });
  return { groups, fresh: texts };
}

const EMPTY: Group = { ingresses: [], digest: null };

/** What a group's blob holds, whatever the order in which its Ingresses came. */
function groupText(ingresses: readonly Ingress[]): string {
  const inOrder = ingresses.toSorted((a, b) => compareText(nameOf(a), nameOf(b)));
  return `{"ingresses":[${inOrder.map(textOf).join(",")}]}`;
}
