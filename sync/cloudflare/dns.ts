import Cloudflare from "cloudflare";
import ipaddr from "ipaddr.js";
import { memoize } from "../incremental/memoize.ts";
import { type BatchSteps, sendWithComparison } from "./repeat-batch.ts";

/** A proxied record that names an origin's address for the edge. `name` is fully qualified. */
export interface OriginRecord {
  type: "A" | "AAAA" | "CNAME";
  name: string;
  content: string;
}

export type ExistingRecord = OriginRecord & { id: string; proxied: boolean };

export interface Zone {
  id: string;
  name: string;
}

export interface RecordChange {
  add: readonly OriginRecord[];
  remove: readonly ExistingRecord[];
}

export interface Dns {
  listZones(): Promise<Zone[]>;
  /** Lists the records with the comment of edgress. */
  listRecords(zone: Zone): Promise<ExistingRecord[]>;
  /** Returns the maximum number of records in a zone; undefined if the account has a quota instead of the zone. */
  readRecordQuota(zone: Zone): Promise<number | undefined>;
  /**
   * Adds new names first. Replaces a record in one transaction with the removal of the old one. Rejects with a
   * `RecordRejectedError` if Cloudflare rejects a record; then a part of the change may be done.
   */
  applyChange(zone: Zone, change: RecordChange): Promise<void>;
}

/** Thrown if Cloudflare rejects a record of a batch. The request and its rights are valid. */
export class RecordRejectedError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Comment that marks a record of edgress. */
export const RECORD_COMMENT = "edgress: origin record";

const MAX_BATCH_RECORDS = 200; // the limit of a zone with the Free plan

/** Wait before a batch without a response is repeated. */
const BATCH_PAUSE_MS = 1000;

/** Creates a client of DNS records through the REST API. */
export function createDns(client: Cloudflare, accountId: string, pauseMs = BATCH_PAUSE_MS): Dns {
  const listRecords = async (zone: Zone) => {
    const records: ExistingRecord[] = [];
    const query = { zone_id: zone.id, comment: { exact: RECORD_COMMENT }, per_page: 1000 };
    for await (const { id, type, name, content, proxied } of client.dns.records.list(query)) {
      if (type !== "A" && type !== "AAAA" && type !== "CNAME") continue;
      records.push({ id, type, name, content: content ?? "", proxied: proxied === true });
    }
    return records;
  };
  return {
    async listZones() {
      const zones: Zone[] = [];
      for await (const { id, name } of client.zones.list({ account: { id: accountId }, per_page: 50 })) {
        zones.push({ id, name });
      }
      return zones;
    },
    listRecords,
    async applyChange(zone, change) {
      for (const batch of batchChanges(change))
        await sendWithComparison(
          batch,
          createBatchSteps(client, zone, () => listRecords(zone)),
          pauseMs,
        );
    },
    async readRecordQuota(zone) {
      return (await client.dns.usage.zone.get({ zone_id: zone.id })).record_quota ?? undefined;
    },
  };
}

function createBatchSteps(
  client: Cloudflare,
  zone: Zone,
  listRecords: () => Promise<readonly ExistingRecord[]>,
): BatchSteps<RecordChange> {
  return {
    async send({ add, remove }) {
      const deletes = remove.map(({ id }) => ({ id }));
      const posts = add.map((record) => ({ ...record, ttl: 1 as const, proxied: true, comment: RECORD_COMMENT }));
      await client.dns.records.batch({ zone_id: zone.id, deletes, posts }).catch((error: unknown) => {
        throw readRejection(error) ?? error;
      });
    },
    async findRest(change) {
      const existingRecords = await listRecords();
      const existingKeys = new Set(existingRecords.filter(({ proxied }) => proxied).map(formatRecordKey));
      const existingIds = new Set(existingRecords.map(({ id }) => id));
      const add = change.add.filter((record) => !existingKeys.has(formatRecordKey(record)));
      const remove = change.remove.filter(({ id }) => existingIds.has(id));
      if (add.length + remove.length === 0) return undefined;
      const isUnchanged = add.length === change.add.length && remove.length === change.remove.length;
      return isUnchanged ? change : { add, remove };
    },
    isConflict: (error) => CONFLICT_CODES.has(readFirstCode(error) ?? 0),
  };
}

/** Codes of a record that exists already, or exists no more. An earlier batch may have been done without a response. */
const CONFLICT_CODES = new Set([81044, 81053, 81054, 81057, 81058]);

/** Error codes that are not about a record: a record that is already deleted, and faults of the request or the token. */
const OTHER_CODES = new Set([81044, 1000, 1001, 6003, 6111, 6103, 7000, 7003, 9109, 10000]);

/** An error of the API. The useful code may be in `error_chain`. */
interface ChainedError {
  readonly code?: number;
  readonly message?: string;
  readonly error_chain?: readonly ChainedError[];
}

function readRejection(error: unknown): RecordRejectedError | undefined {
  if (!(error instanceof Cloudflare.APIError) || error.status !== 400) return undefined;
  const { code, message } = readFirstError(error);
  if (code === undefined || OTHER_CODES.has(code)) return undefined;
  return new RecordRejectedError(code, `Cloudflare rejected the DNS record: ${message ?? "no reason"} (code ${code})`);
}

function readFirstCode(error: unknown): number | undefined {
  if (error instanceof RecordRejectedError) return error.code;
  return error instanceof Cloudflare.APIError ? readFirstError(error).code : undefined;
}

function readFirstError(error: InstanceType<typeof Cloudflare.APIError>): ChainedError {
  const [firstError]: readonly ChainedError[] = error.errors ?? [];
  return firstError?.error_chain?.[0] ?? firstError ?? {};
}

/**
 * Returns the records to add and to remove, so that the existing records become the wanted ones. An existing record with
 * another type or content, or without proxying, is replaced.
 */
export function planRecordChange(
  existingRecords: readonly ExistingRecord[],
  wantedRecords: readonly OriginRecord[],
): { add: OriginRecord[]; remove: ExistingRecord[] } {
  const missingRecords = new Map(wantedRecords.map((record) => [formatRecordKey(record), record]));
  const remove = existingRecords.filter((record) => !record.proxied || !missingRecords.delete(formatRecordKey(record)));
  return { add: [...missingRecords.values()], remove };
}

/** Normalizes addresses, because the API returns "2001:DB8::0:1" as "2001:db8::1". */
const formatRecordKey = memoize(({ type, name, content }: OriginRecord): string => {
  const normalizedContent =
    type !== "CNAME" && ipaddr.isValid(content) ? ipaddr.parse(content).toString() : content.toLowerCase();
  return `${type} ${name.toLowerCase()} ${normalizedContent}`;
});

/**
 * Splits a change into batches. The API runs the deletes of a batch before its posts, and rejects a post that conflicts
 * with a record of the same name. So a name's removals share a batch with its additions, and other removals are last.
 */
function batchChanges({ add, remove }: RecordChange): { add: OriginRecord[]; remove: ExistingRecord[] }[] {
  const addedByName = Map.groupBy(add, ({ name }) => name.toLowerCase());
  const removedByName = Map.groupBy(remove, ({ name }) => name.toLowerCase());
  const changesWithAdditions = [...addedByName].map(([name, records]) => ({
    add: records,
    remove: removedByName.get(name) ?? [],
  }));
  const changesOnlyRemoving = [...removedByName]
    .filter(([name]) => !addedByName.has(name))
    .map(([, records]) => ({ add: [], remove: records }));
  return [...packBatches(changesWithAdditions), ...packBatches(changesOnlyRemoving)];
}

function packBatches(changes: { add: OriginRecord[]; remove: ExistingRecord[] }[]): typeof changes {
  const batches: typeof changes = [];
  for (const change of changes) {
    const lastBatch = batches.at(-1);
    const size = [lastBatch?.add, lastBatch?.remove, change.add, change.remove].reduce(
      (sum, list) => sum + (list?.length ?? 0),
      0,
    );
    if (lastBatch && size <= MAX_BATCH_RECORDS) {
      lastBatch.add.push(...change.add);
      lastBatch.remove.push(...change.remove);
    } else batches.push({ add: [...change.add], remove: [...change.remove] });
  }
  return batches;
}
