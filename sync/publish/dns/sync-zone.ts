import { type Dns, type ExistingRecord, planRecordChange, type Zone } from "../../cloudflare/dns.ts";
import { changeRecords } from "./add-records.ts";
import { createExpiringCache } from "./expiring-cache.ts";
import { applyRecordQuota, type FindMaxRecords, type RecordOwners } from "./record-quota.ts";
import type { RecordRejections } from "./record-rejections.ts";
import type { WantedRecord } from "./wanted-records.ts";

const RECORDS_CACHE_TTL_MS = 600_000;
/** An edge may serve an older generation that needs the record. History keeps generations for one hour. */
const STALE_RECORD_RETENTION_MS = 3_600_000;
/** The quotas of a zone with a paid plan, and with the Free plan. */
const LARGE_RECORD_QUOTA = 3500;
const SMALL_RECORD_QUOTA = 200;

/** The records that a sync wants in one zone, and its limits. */
export interface ZoneRecordRequest {
  readonly records: readonly WantedRecord[];
  /** Called before each write. It may throw. */
  readonly checkFence: () => void;
  readonly findMaxRecords: FindMaxRecords;
}

/** Adds the records of one zone, and removes those that were stale for one hour. Resolves with the other stale ones. */
export type ZoneRecordSync = (request: ZoneRecordRequest) => Promise<ExistingRecord[]>;

/** Creates the sync of the records of one zone. Rejected records are added to `rejections`. */
export function createZoneRecordSync(
  dns: Dns,
  zone: Zone,
  now: () => number,
  rejections: RecordRejections,
): ZoneRecordSync {
  const cachedRecords = createExpiringCache(now, RECORDS_CACHE_TTL_MS, () => dns.listRecords(zone));
  const cachedQuota = createExpiringCache(now, RECORDS_CACHE_TTL_MS, () => readRecordQuota(dns, zone));
  const readDefaultQuota = async () => Math.floor((await cachedQuota.get()) / 2);
  const splitStaleRecords = createRetention(now);
  const findOwners = createOwnerMemory();
  return async ({ records, checkFence, findMaxRecords }) => {
    const plan = planRecordChange(await cachedRecords.get(), records);
    const missingNames = new Set(plan.add.map(({ name }) => name));
    const [missing, present] = partition(records, ({ name }) => missingNames.has(name));
    const untried = selectUntried(zone, missing, rejections);
    const quota = { findMaxRecords, readDefaultQuota };
    const counted = [...present.map(({ namespaces }) => namespaces), ...findOwners(records, plan.remove)];
    const add = untried.length === 0 ? [] : await admitRecords(zone, counted, untried, quota, rejections);
    const [replaced, stale] = partition(plan.remove, ({ name }) => add.some((record) => record.name === name));
    const [expired, remaining] = splitStaleRecords(stale);
    if (add.length + expired.length > 0) {
      cachedRecords.invalidate();
      const failures = await changeRecords(dns, zone, add, [...replaced, ...expired], checkFence);
      rejections.addFailures(zone.name, failures);
    }
    return remaining;
  };
}

/**
 * Returns a function that returns the owners of stale records. They still use up the quota, so that a namespace cannot fill
 * the zone with changing addresses. The owners of records from before a restart are unknown.
 */
function createOwnerMemory() {
  let ownersByName = new Map<string, RecordOwners>();
  return (wantedRecords: readonly WantedRecord[], staleRecords: readonly ExistingRecord[]): RecordOwners[] => {
    const staleOwners = staleRecords.flatMap(({ name }) => {
      const owners = ownersByName.get(name);
      return owners ? [[name, owners] as const] : [];
    });
    ownersByName = new Map([
      ...staleOwners,
      ...wantedRecords.map(({ name, namespaces }) => [name, namespaces] as const),
    ]);
    return staleOwners.map(([, owners]) => owners);
  };
}

/** Returns a function that splits stale records into those to remove, and those to keep for now. */
function createRetention(
  now: () => number,
): (stale: readonly ExistingRecord[]) => [ExistingRecord[], ExistingRecord[]] {
  const staleSince = new Map<string, number>();
  return (stale) => {
    const staleIds = new Set(stale.map(({ id }) => id));
    for (const id of staleSince.keys()) if (!staleIds.has(id)) staleSince.delete(id);
    for (const id of staleIds) if (!staleSince.has(id)) staleSince.set(id, now());
    return partition(stale, ({ id }) => now() - (staleSince.get(id) ?? now()) >= STALE_RECORD_RETENTION_MS);
  };
}

/** Returns the records that are neither rejected nor paused with their namespaces. */
function selectUntried(zone: Zone, missing: readonly WantedRecord[], rejections: RecordRejections): WantedRecord[] {
  const [paused, untried] = partition(
    missing.filter((record) => rejections.find(zone.name, record) === undefined),
    ({ namespaces }) => namespaces.every((namespace) => rejections.isPaused(zone.name, namespace)),
  );
  rejections.addPaused(zone.name, paused);
  return untried;
}

/** Returns the records within the quotas of their namespaces. The others are rejected. */
async function admitRecords(
  zone: Zone,
  counted: readonly RecordOwners[],
  untried: readonly WantedRecord[],
  { findMaxRecords, readDefaultQuota }: { findMaxRecords: FindMaxRecords; readDefaultQuota: () => Promise<number> },
  rejections: RecordRejections,
): Promise<readonly WantedRecord[]> {
  const { admitted, excess } = applyRecordQuota(counted, untried, findMaxRecords, await readDefaultQuota());
  rejections.addExcess(zone.name, excess);
  return admitted;
}

/** Reads the quota of a zone. The token may lack the right to do so: then it is the smallest one. */
function readRecordQuota(dns: Dns, zone: Zone): Promise<number> {
  return dns.readRecordQuota(zone).then(
    (quota) => quota ?? LARGE_RECORD_QUOTA,
    () => SMALL_RECORD_QUOTA,
  );
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
