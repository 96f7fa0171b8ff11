import { shardOf } from "../../src/rules/keys.ts";
import { compareText } from "../../src/rules/order.ts";
import type { Ingress } from "../collect/cluster.ts";
import { nameOf } from "../compile/select.ts";
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

/** Groups Ingresses as hosts are into shards. A group whose Ingresses are the same objects as before costs nothing. */
export function groupsOf(ingresses: readonly Ingress[], before: readonly Group[]): Grouped {
  const bytes = ingresses.reduce((sum, ingress) => sum + textOf(ingress).length, 0);
  const members = Array.from({ length: shardCount(bytes, before.length || undefined) }, (): Ingress[] => []);
  for (const ingress of ingresses) members[shardOf(nameOf(ingress), members.length)]?.push(ingress);
  const same = before.length === members.length ? before : [];
  const fresh = new Map<string, string>();
  const groups = members.map((ofGroup, index): Group => {
    const former = same[index];
    if (former && isSame(former.ingresses, ofGroup)) return former;
    if (ofGroup.length === 0) return { ingresses: ofGroup, digest: null };
    const text = groupText(ofGroup);
    const digest = digestOf(text);
    fresh.set(digest, text);
    return { ingresses: ofGroup, digest };
  });
  return { groups, fresh };
}

/** What a group's blob holds, whatever the order in which its Ingresses came. */
function groupText(ingresses: readonly Ingress[]): string {
  const inOrder = ingresses.toSorted((a, b) => compareText(nameOf(a), nameOf(b)));
  return `{"ingresses":[${inOrder.map(textOf).join(",")}]}`;
}

function isSame(before: readonly Ingress[], after: readonly Ingress[]): boolean {
  return before.length === after.length && before.every((ingress, index) => ingress === after[index]);
}
