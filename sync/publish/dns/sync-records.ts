import type { Rules } from "../../../src/rules/snapshot.ts";
import type { Dns, ExistingRecord, OriginRecord, Zone } from "../../cloudflare/dns.ts";
import type { ZoneDetails } from "../../cloudflare/zones.ts";
import type { RejectedRecord } from "../../collect/cluster-model.ts";
import { createExpiringCache } from "./expiring-cache.ts";
import type { FindMaxRecords } from "./record-quota.ts";
import { createRecordRejections } from "./record-rejections.ts";
import { createObservedRetention, type StaleRecordSplitter } from "./stale-records.ts";
import { createZoneRecordSync, type ZoneRecordChanges, type ZoneRecordSync } from "./sync-zone.ts";
import { updateWantedRecords, type WantedRecord, type WantedRecords } from "./wanted-records.ts";

const ZONES_CACHE_TTL_MS = 60_000;

/** A record created by edgress that the rules no longer need. */
export interface StaleRecord {
  readonly zone: Zone;
  readonly record: ExistingRecord;
}

/** The records that were added and removed: "edgress-0123.example.com A 203.0.113.10". */
export interface RecordChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** The changes that a sync would make, and the stale records that it would leave. */
export interface RecordPlan extends RecordChanges {
  readonly staleRecords: readonly StaleRecord[];
}

export interface OriginRecordSync {
  /** Returns the zones of the account, from a cache of up to 60 s. */
  listZones(): Promise<readonly ZoneDetails[]>;
  /** Returns the records that are not added for now. The same list while nothing changes. */
  listRejectedRecords(): readonly RejectedRecord[];
  /** Forgets the rejections that are due, so that the next `sync` tries their records again. */
  expireRejections(): void;
  /** Returns the stale records that the last `sync` left. */
  listStaleRecords(): readonly StaleRecord[];
  /**
   * Adds the records that rules need, and removes those that were stale for one hour. Calls `checkFence`, which may
   * throw, before each write. A record that is rejected, or over the quota of its namespace, is left out and listed.
   * Resolves with the changes.
   */
  sync(rules: Rules, checkFence: () => void, findMaxRecords?: FindMaxRecords): Promise<RecordChanges>;
  /** Returns what `sync` would do. It writes nothing, and ignores quotas and rejections. */
  plan(rules: Rules): Promise<RecordPlan>;
}

/** Creates the sync of origin records. It caches API responses, so that a sync without changes sends no requests. */
export function createOriginRecordSync(
  dns: Dns,
  now: () => number,
  splitStaleRecords: StaleRecordSplitter = createObservedRetention(now),
): OriginRecordSync {
  const zoneCache = createExpiringCache(now, ZONES_CACHE_TTL_MS, () => dns.listZones());
  const zoneSyncs = new Map<string, ZoneRecordSync>();
  const rejections = createRecordRejections(now);
  let wantedRecords: WantedRecords | undefined;
  let staleRecords: readonly StaleRecord[] = [];
  const findZoneSync = (zone: Zone) => {
    const zoneSync = zoneSyncs.get(zone.id) ?? createZoneRecordSync(dns, zone, now, rejections, splitStaleRecords);
    zoneSyncs.set(zone.id, zoneSync);
    return zoneSync;
  };
  const mapZones = async (
    rules: Rules,
    change: (zoneSync: ZoneRecordSync, records: readonly WantedRecord[]) => Promise<ZoneRecordChanges>,
  ): Promise<ZoneChanges> => {
    wantedRecords = updateWantedRecords(wantedRecords, rules);
    const changesByZone = [];
    for (const zone of await zoneCache.get()) {
      const records = wantedRecords.records.get(zone.name) ?? [];
      changesByZone.push({ zone, changes: await change(findZoneSync(zone), records) });
    }
    return changesByZone;
  };
  return {
    listZones: zoneCache.get,
    listRejectedRecords: rejections.list,
    expireRejections: rejections.expire,
    listStaleRecords: () => staleRecords,
    async sync(rules, checkFence, findMaxRecords = () => undefined) {
      const changesByZone = await mapZones(rules, (zoneSync, records) =>
        zoneSync.sync({ records, checkFence, findMaxRecords }),
      );
      staleRecords = listStale(changesByZone);
      return formatRecordChanges(changesByZone);
    },
    async plan(rules) {
      const changesByZone = await mapZones(rules, (zoneSync, records) => zoneSync.plan(records));
      return { ...formatRecordChanges(changesByZone), staleRecords: listStale(changesByZone) };
    },
  };
}

type ZoneChanges = readonly { readonly zone: Zone; readonly changes: ZoneRecordChanges }[];

function listStale(changesByZone: ZoneChanges): StaleRecord[] {
  return changesByZone.flatMap(({ zone, changes }) => changes.stale.map((record) => ({ zone, record })));
}

function formatRecordChanges(changesByZone: ZoneChanges): RecordChanges {
  return {
    added: changesByZone.flatMap(({ changes }) => changes.added.map(formatRecord)),
    removed: changesByZone.flatMap(({ changes }) => changes.removed.map(formatRecord)),
  };
}

function formatRecord({ name, type, content }: OriginRecord): string {
  return `${name} ${type} ${content}`;
}
