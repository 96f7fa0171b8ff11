import type Cloudflare from "cloudflare";
import ipaddr from "ipaddr.js";
import { memoize } from "../incremental/memoize.ts";
import { batchChanges } from "./record-batches.ts";
import { readChangeRejection, readErrorCode } from "./rejections.ts";
import { type BatchSteps, sendWithComparison } from "./repeat-batch.ts";
import { listZones, type ZoneDetails } from "./zones.ts";

/** A proxied record that names an origin's address for the edge. `name` is fully qualified. */
export interface OriginRecord {
  type: "A" | "AAAA" | "CNAME";
  name: string;
  content: string;
}

export type ExistingRecord = OriginRecord & {
  id: string;
  proxied: boolean;
  /** Whether another controller of the account created it. It can be used, and is never removed. */
  isForeign?: true;
};

export interface RecordChange {
  add: readonly OriginRecord[];
  remove: readonly ExistingRecord[];
}

export interface Zone {
  id: string;
  name: string;
}

export interface Dns {
  /** Lists the configured zones, or all that the token may read. */
  listZones(): Promise<ZoneDetails[]>;
  /** Lists the records with the comment of edgress. */
  listRecords(zone: Zone): Promise<ExistingRecord[]>;
  /** Returns the maximum number of records in a zone; undefined if the account has a quota instead of the zone. */
  readRecordQuota(zone: Zone): Promise<number | undefined>;
  /**
   * Adds new names first. Replaces a record in one transaction with the removal of the old one. Rejects with a
   * `ChangeRejectedError` if Cloudflare rejects a record; then a part of the change may be done.
   */
  applyChange(zone: Zone, change: RecordChange): Promise<void>;
}

/** Start of the comment that marks the record of an origin. The start of the KV namespace's id follows. */
export const RECORD_COMMENT = "edgress: origin record";

/** Wait before a batch without a response is repeated. */
const BATCH_PAUSE_MS = 1000;

/**
 * Creates a client of DNS records through the REST API. With `kvNamespaceId`, records of controllers with another KV
 * namespace are foreign.
 */
export function createDns(
  client: Cloudflare,
  accountId: string,
  zoneIds: readonly string[] = [],
  pauseMs: number = BATCH_PAUSE_MS,
  kvNamespaceId?: string,
): Dns {
  const ownComment = kvNamespaceId === undefined ? RECORD_COMMENT : `${RECORD_COMMENT} ${kvNamespaceId.slice(0, 8)}`;
  const isOwn = (comment = "") => (kvNamespaceId === undefined ? isOriginComment(comment) : comment === ownComment);
  return {
    listZones: () => listZones(client, accountId, zoneIds),
    async listRecords(zone) {
      const records: ExistingRecord[] = [];
      const query = { zone_id: zone.id, comment: { startswith: RECORD_COMMENT }, per_page: 1000 };
      for await (const listed of client.dns.records.list(query)) {
        const record = readOriginRecord(listed);
        if (record) records.push(isOwn(listed.comment) ? record : { ...record, isForeign: true });
      }
      return records;
    },
    applyChange: (zone, change) => applyRecordChange(client, zone, change, ownComment, pauseMs),
    async readRecordQuota(zone) {
      return (await client.dns.usage.zone.get({ zone_id: zone.id })).record_quota ?? undefined;
    },
  };
}

interface ListedRecord {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly content?: string | undefined;
  readonly proxied?: boolean | undefined;
  readonly comment?: string | undefined;
}

/** Returns the record of an origin. The filter of the list ignores case, so that it matches other records too. */
function readOriginRecord({
  id,
  type,
  name,
  content = "",
  proxied,
  comment,
}: ListedRecord): ExistingRecord | undefined {
  if (!isOriginComment(comment) || (type !== "A" && type !== "AAAA" && type !== "CNAME")) return undefined;
  return { id, type, name, content, proxied: proxied === true };
}

function isOriginComment(comment = ""): boolean {
  return comment === RECORD_COMMENT || comment.startsWith(`${RECORD_COMMENT} `);
}

/** Applies a change in batches. The records that it adds are proxied and have the comment. */
export async function applyRecordChange(
  client: Cloudflare,
  zone: Zone,
  change: RecordChange,
  comment: string,
  pauseMs: number = BATCH_PAUSE_MS,
): Promise<void> {
  for (const batch of batchChanges(change))
    await sendWithComparison(batch, createBatchSteps(client, zone, comment), pauseMs);
}

function createBatchSteps(client: Cloudflare, zone: Zone, comment: string): BatchSteps<RecordChange> {
  return {
    async send({ add, remove }) {
      const deletes = remove.map(({ id }) => ({ id }));
      const posts = add.map((record) => ({ ...record, ttl: 1 as const, proxied: true, comment }));
      await client.dns.records.batch({ zone_id: zone.id, deletes, posts }).catch((error: unknown) => {
        throw readChangeRejection(error, "DNS record") ?? error;
      });
    },
    async findRest(change) {
      const existingKeys = new Set<string>();
      const existingIds = new Set<string>();
      for await (const record of client.dns.records.list({ zone_id: zone.id, per_page: 1000 })) {
        existingIds.add(record.id);
        if (record.proxied && record.comment === comment) existingKeys.add(formatRecordKey(record as OriginRecord));
      }
      const add = change.add.filter((record) => !existingKeys.has(formatRecordKey(record)));
      const remove = change.remove.filter(({ id }) => existingIds.has(id));
      if (add.length + remove.length === 0) return undefined;
      const isUnchanged = add.length === change.add.length && remove.length === change.remove.length;
      return isUnchanged ? change : { add, remove };
    },
    isConflict: (error) => CONFLICT_CODES.has(readErrorCode(error) ?? 0),
  };
}

/** Codes of a record that exists already, or exists no more. An earlier batch may have been done without a response. */
const CONFLICT_CODES = new Set([81044, 81053, 81054, 81057, 81058]);

/**
 * Returns the records to add and to remove, so that the existing records become the wanted ones. An existing record with
 * another type or content, or without proxying, is replaced. A record of another controller is used, and never removed.
 */
export function planRecordChange(
  existingRecords: readonly ExistingRecord[],
  wantedRecords: readonly OriginRecord[],
): { add: OriginRecord[]; remove: ExistingRecord[] } {
  const missingRecords = new Map(wantedRecords.map((record) => [formatRecordKey(record), record]));
  const unwanted = existingRecords.filter(
    (record) => !record.proxied || !missingRecords.delete(formatRecordKey(record)),
  );
  const remove = unwanted.filter(({ isForeign }) => !isForeign);
  return { add: [...missingRecords.values()], remove };
}

/** Normalizes addresses, because the API returns "2001:DB8::0:1" as "2001:db8::1". */
const formatRecordKey = memoize(({ type, name, content }: OriginRecord): string => {
  const normalizedContent =
    type !== "CNAME" && ipaddr.isValid(content) ? ipaddr.parse(content).toString() : content.toLowerCase();
  return `${type} ${name.toLowerCase()} ${normalizedContent}`;
});
