import type Cloudflare from "cloudflare";
import ipaddr from "ipaddr.js";
import { onceEach } from "../once-each.ts";

/** A proxied record that gives the edge a name for an origin's address. `name` is the whole name. */
export interface OriginRecord {
  type: "A" | "AAAA" | "CNAME";
  name: string;
  content: string;
}

export type HeldRecord = OriginRecord & { id: string; proxied: boolean };

export interface Zone {
  id: string;
  name: string;
}

export interface RecordChange {
  add: readonly OriginRecord[];
  remove: readonly HeldRecord[];
}

export interface Dns {
  zones(): Promise<Zone[]>;
  /** Our own records only: those that carry our comment. */
  held(zone: Zone): Promise<HeldRecord[]>;
  /** New names first; what replaces a record of the same name goes in one transaction with its removal. */
  change(zone: Zone, change: RecordChange): Promise<void>;
}

/** Marks a record as ours. */
export const RECORD_COMMENT = "edgress: origin record";

const BATCH_RECORDS = 200; // what a Free zone takes in one call

/** DNS records through the account's REST API. */
export function dnsOf(client: Cloudflare, accountId: string): Dns {
  return {
    async zones() {
      const found: Zone[] = [];
      for await (const { id, name } of client.zones.list({ account: { id: accountId }, per_page: 50 })) {
        found.push({ id, name });
      }
      return found;
    },
    async held(zone) {
      const found: HeldRecord[] = [];
      const ours = { zone_id: zone.id, comment: { exact: RECORD_COMMENT }, per_page: 1000 };
      for await (const { id, type, name, content, proxied } of client.dns.records.list(ours)) {
        if (type !== "A" && type !== "AAAA" && type !== "CNAME") continue;
        found.push({ id, type, name, content: content ?? "", proxied: proxied === true });
      }
      return found;
    },
    async change(zone, change) {
      for (const { add, remove } of batchesOf(change)) {
        await client.dns.records.batch({
          zone_id: zone.id,
          deletes: remove.map(({ id }) => ({ id })),
          posts: add.map((record) => ({ ...record, ttl: 1, proxied: true, comment: RECORD_COMMENT })),
        });
      }
    },
  };
}

/**
 * The records to add and to remove, so that `held` becomes `wanted`. A held record with another type or content, or one
 * that is no longer proxied, is replaced. Both lists are empty when nothing changed.
 */
export function planRecords(
  held: readonly HeldRecord[],
  wanted: readonly OriginRecord[],
): { add: OriginRecord[]; remove: HeldRecord[] } {
  const missing = new Map(wanted.map((record) => [meaningOf(record), record]));
  const remove = held.filter((record) => !record.proxied || !missing.delete(meaningOf(record)));
  return { add: [...missing.values()], remove };
}

/** The API writes IPv6 addresses its own way: "2001:DB8::0:1" comes back as "2001:db8::1". */
const meaningOf = onceEach(({ type, name, content }: OriginRecord): string => {
  const plain = type !== "CNAME" && ipaddr.isValid(content) ? ipaddr.parse(content).toString() : content.toLowerCase();
  return `${type} ${name.toLowerCase()} ${plain}`;
});

/**
 * The API carries out a batch's deletes before its posts and refuses a post that clashes with a record of the same name:
 * so a name's removals go with its additions, and the names that only go away come last.
 */
function batchesOf({ add, remove }: RecordChange): { add: OriginRecord[]; remove: HeldRecord[] }[] {
  const added = Map.groupBy(add, ({ name }) => name.toLowerCase());
  const removed = Map.groupBy(remove, ({ name }) => name.toLowerCase());
  const coming = [...added].map(([name, records]) => ({ add: records, remove: removed.get(name) ?? [] }));
  const going = [...removed].filter(([name]) => !added.has(name)).map(([, records]) => ({ add: [], remove: records }));
  return [...filled(coming), ...filled(going)];
}

function filled(changes: { add: OriginRecord[]; remove: HeldRecord[] }[]): typeof changes {
  const made: typeof changes = [];
  for (const change of changes) {
    const last = made.at(-1);
    const size = [last?.add, last?.remove, change.add, change.remove].reduce(
      (sum, list) => sum + (list?.length ?? 0),
      0,
    );
    if (last && size <= BATCH_RECORDS) {
      last.add.push(...change.add);
      last.remove.push(...change.remove);
    } else made.push({ add: [...change.add], remove: [...change.remove] });
  }
  return made;
}
