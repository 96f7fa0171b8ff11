import type { ExistingRecord, Zone } from "../../cloudflare/dns.ts";
import { partition } from "./partition.ts";

/** An edge may serve an older generation that needs a record. History keeps generations for the same time. */
export const STALE_RECORD_RETENTION_MS = 3_600_000;

/** Splits the stale records of a zone into those to remove, and those to keep for now. */
export type StaleRecordSplitter = (
  zone: Zone,
  stale: readonly ExistingRecord[],
) => Promise<[expired: ExistingRecord[], remaining: ExistingRecord[]]>;

/** Creates a splitter for a process that runs for hours. It removes a record that it has seen stale for one hour. */
export function createObservedRetention(now: () => number): StaleRecordSplitter {
  const staleSinceByZone = new Map<string, ReadonlyMap<string, number>>();
  return async ({ id: zoneId }, stale) => {
    const previous = staleSinceByZone.get(zoneId);
    const staleSince = new Map(stale.map(({ id }) => [id, previous?.get(id) ?? now()]));
    staleSinceByZone.set(zoneId, staleSince);
    return partition(stale, ({ id }) => now() - (staleSince.get(id) ?? now()) >= STALE_RECORD_RETENTION_MS);
  };
}
