import type { Rules } from "../../../src/rules/snapshot.ts";
import { type Dns, type ExistingRecord, planRecordChange, type Zone } from "../../cloudflare/dns.ts";
import { updateWantedRecords, type WantedRecords } from "./wanted-records.ts";

const ZONES_CACHE_TTL_MS = 60_000;
const RECORDS_CACHE_TTL_MS = 600_000;
/** An edge may serve an older generation that needs the record. History keeps generations for one hour. */
const STALE_RECORD_RETENTION_MS = 3_600_000;

/** A record created by edgress that the rules no longer need. */
export interface StaleRecord {
  readonly zone: Zone;
  readonly record: ExistingRecord;
}

export interface OriginRecordSync {
  /** Returns the zones of the account, from a cache of up to 60 s. */
  listZones(): Promise<readonly Zone[]>;
  /**
   * Adds the records that rules need, and removes records that were stale for one hour. Calls `checkFence`, which may
   * throw, before each write. Resolves with the stale records that remain.
   */
  sync(rules: Rules, checkFence: () => void): Promise<StaleRecord[]>;
}

/** Creates the sync of origin records. It caches API responses, so that a sync without changes sends no requests. */
export function createOriginRecordSync(dns: Dns, now: () => number): OriginRecordSync {
  const zoneCache = createCache(now, ZONES_CACHE_TTL_MS, () => dns.listZones());
  const recordCaches = new Map<string, ExpiringCache<ExistingRecord[]>>();
  const staleSince = new Map<string, number>();
  let wantedRecords: WantedRecords | undefined;

  const readExistingRecords = (zone: Zone) => {
    const cache = recordCaches.get(zone.id) ?? createCache(now, RECORDS_CACHE_TTL_MS, () => dns.listRecords(zone));
    recordCaches.set(zone.id, cache);
    return cache.get();
  };
  const isExpired = ({ id }: ExistingRecord) => now() - (staleSince.get(id) ?? now()) >= STALE_RECORD_RETENTION_MS;

  const syncZone = async (zone: Zone, zoneRecords: Parameters<typeof planRecordChange>[1], checkFence: () => void) => {
    const { add, remove } = planRecordChange(await readExistingRecords(zone), zoneRecords);
    const replacedRecords = remove.filter(({ name }) => add.some((record) => record.name === name));
    const staleRecords = remove.filter((record) => !replacedRecords.includes(record));
    for (const { id } of staleRecords) if (!staleSince.has(id)) staleSince.set(id, now());
    const expiredRecords = staleRecords.filter(isExpired);
    if (add.length + expiredRecords.length > 0) {
      checkFence();
      recordCaches.get(zone.id)?.invalidate();
      await dns.applyChange(zone, { add, remove: [...replacedRecords, ...expiredRecords] });
    }
    return staleRecords.filter((record) => !expiredRecords.includes(record));
  };

  return {
    listZones: zoneCache.get,
    async sync(rules, checkFence) {
      wantedRecords = updateWantedRecords(wantedRecords, rules);
      const remainingRecords: StaleRecord[] = [];
      for (const zone of await zoneCache.get()) {
        const records = await syncZone(zone, wantedRecords.records.get(zone.name) ?? [], checkFence);
        remainingRecords.push(...records.map((record) => ({ zone, record })));
      }
      const remainingIds = new Set(remainingRecords.map(({ record }) => record.id));
      for (const id of staleSince.keys()) if (!remainingIds.has(id)) staleSince.delete(id);
      return remainingRecords;
    },
  };
}

interface ExpiringCache<T> {
  get(): Promise<T>;
  invalidate(): void;
}

/** Caches the value of `fetchValue` for `ttlMs`. */
function createCache<T>(now: () => number, ttlMs: number, fetchValue: () => Promise<T>): ExpiringCache<T> {
  let cached: { readonly value: T; readonly loadedAt: number } | undefined;
  return {
    async get() {
      if (!cached || now() - cached.loadedAt > ttlMs) cached = { value: await fetchValue(), loadedAt: now() };
      return cached.value;
    },
    invalidate() {
      cached = undefined;
    },
  };
}
