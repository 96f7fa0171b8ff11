import type { Rules } from "../../../src/rules/snapshot.ts";
import type { Dns, ExistingRecord, Zone } from "../../cloudflare/dns.ts";
import type { RejectedRecord } from "../../collect/cluster-model.ts";
import { createExpiringCache } from "./expiring-cache.ts";
import type { FindMaxRecords } from "./record-quota.ts";
import { createRecordRejections } from "./record-rejections.ts";
import { createZoneRecordSync, type ZoneRecordSync } from "./sync-zone.ts";
import { updateWantedRecords, type WantedRecords } from "./wanted-records.ts";

const ZONES_CACHE_TTL_MS = 60_000;

/** A record created by edgress that the rules no longer need. */
export interface StaleRecord {
  readonly zone: Zone;
  readonly record: ExistingRecord;
}

export interface OriginRecordSync {
  /** Returns the zones of the account, from a cache of up to 60 s. */
  listZones(): Promise<readonly Zone[]>;
  /** Returns the records that are not added for now. The same list while nothing changes. */
  listRejectedRecords(): readonly RejectedRecord[];
  /** Forgets the rejections that are due, so that the next `sync` tries their records again. */
  expireRejections(): void;
  /** Returns the stale records that the last `sync` left. */
  listStaleRecords(): readonly StaleRecord[];
  /**
   * Adds the records that rules need, and removes records that were stale for one hour. Calls `checkFence`, which may
   * throw, before each write. A record that is rejected, or over the quota of its namespace, is left out and listed.
   */
  sync(rules: Rules, checkFence: () => void, findMaxRecords?: FindMaxRecords): Promise<void>;
}

/** Creates the sync of origin records. It caches API responses, so that a sync without changes sends no requests. */
export function createOriginRecordSync(dns: Dns, now: () => number): OriginRecordSync {
  const zoneCache = createExpiringCache(now, ZONES_CACHE_TTL_MS, () => dns.listZones());
  const zoneSyncs = new Map<string, ZoneRecordSync>();
  const rejections = createRecordRejections(now);
  let wantedRecords: WantedRecords | undefined;
  let staleRecords: readonly StaleRecord[] = [];
  const findZoneSync = (zone: Zone) => {
    const zoneSync = zoneSyncs.get(zone.id) ?? createZoneRecordSync(dns, zone, now, rejections);
    zoneSyncs.set(zone.id, zoneSync);
    return zoneSync;
  };
  return {
    listZones: zoneCache.get,
    listRejectedRecords: rejections.list,
    expireRejections: rejections.expire,
    listStaleRecords: () => staleRecords,
    async sync(rules, checkFence, findMaxRecords = () => undefined) {
      wantedRecords = updateWantedRecords(wantedRecords, rules);
      const remaining: StaleRecord[] = [];
      for (const zone of await zoneCache.get()) {
        const records = wantedRecords.records.get(zone.name) ?? [];
        const stale = await findZoneSync(zone)({ records, checkFence, findMaxRecords });
        remaining.push(...stale.map((record) => ({ zone, record })));
      }
      staleRecords = remaining;
    },
  };
}
