import { type Dns, type ExistingRecord, type OriginRecord, planRecordChange, type Zone } from "../../cloudflare/dns.ts";
import { changeRecords } from "./add-records.ts";
import { createExpiringCache } from "./expiring-cache.ts";
import { partition } from "./partition.ts";
import { applyRecordQuota, type FindMaxRecords, type RecordOwners } from "./record-quota.ts";
import type { RecordRejections } from "./record-rejections.ts";
import type { StaleRecordSplitter } from "./stale-records.ts";
import type { WantedRecord } from "./wanted-records.ts";

const RECORDS_CACHE_TTL_MS = 600_000;
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

/** The records of one zone that a sync added and removed, and the stale ones that it left. */
export interface ZoneRecordChanges {
  readonly added: readonly OriginRecord[];
  readonly removed: readonly OriginRecord[];
  readonly stale: readonly ExistingRecord[];
}

export interface ZoneRecordSync {
  /** Adds the records of one zone, and removes stale ones after their retention. */
  sync(request: ZoneRecordRequest): Promise<ZoneRecordChanges>;
  /** Returns the changes of `sync` without writing them. It ignores quotas and rejections. */
  plan(records: readonly WantedRecord[]): Promise<ZoneRecordChanges>;
}

/** Creates the sync of the records of one zone. Rejected records are added to `rejections`. */
export function createZoneRecordSync(
  dns: Dns,
  zone: Zone,
  now: () => number,
  rejections: RecordRejections,
  splitStaleRecords: StaleRecordSplitter,
): ZoneRecordSync {
  const cachedRecords = createExpiringCache(now, RECORDS_CACHE_TTL_MS, () => dns.listRecords(zone));
  const cachedQuota = createExpiringCache(now, RECORDS_CACHE_TTL_MS, () => readRecordQuota(dns, zone));
  const readDefaultQuota = async () => Math.floor((await cachedQuota.get()) / 2);
  const findOwners = createOwnerMemory();
  const sync: ZoneRecordSync["sync"] = async ({ records, checkFence, findMaxRecords }) => {
    const plan = planRecordChange(await cachedRecords.get(), records);
    const missingNames = new Set(plan.add.map(({ name }) => name));
    const [missing, present] = partition(records, ({ name }) => missingNames.has(name));
    const untried = selectUntried(zone, missing, rejections);
    const quota = { findMaxRecords, readDefaultQuota };
    const counted = [...present.map(({ namespaces }) => namespaces), ...findOwners(records, plan.remove)];
    const add = untried.length === 0 ? [] : await admitRecords(zone, counted, untried, quota, rejections);
    const [replaced, stale] = partition(plan.remove, ({ name }) => add.some((record) => record.name === name));
    const [expired, remaining] = await splitStaleRecords(zone, stale);
    const removed = [...replaced, ...expired];
    if (add.length + expired.length === 0) return { added: [], removed: [], stale: remaining };
    cachedRecords.invalidate();
    const failures = await changeRecords(dns, zone, add, removed, checkFence);
    rejections.addFailures(zone.name, failures);
    const failedNames = new Set(failures.map(({ record }) => record.name));
    const isDone = ({ name }: OriginRecord) => !failedNames.has(name);
    return { added: add.filter(isDone), removed: removed.filter(isDone), stale: remaining };
  };
  return {
    sync,
    async plan(records) {
      const { add, remove } = planRecordChange(await cachedRecords.get(), records);
      const addedNames = new Set(add.map(({ name }) => name));
      const [replaced, stale] = partition(remove, ({ name }) => addedNames.has(name));
      const [expired, remaining] = await splitStaleRecords(zone, stale);
      return { added: add, removed: [...replaced, ...expired], stale: remaining };
    },
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
