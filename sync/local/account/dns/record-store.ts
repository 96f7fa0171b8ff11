import type { LocalRecord } from "./record-model.ts";

/** The DNS records of the account's zones, in memory. */
export interface RecordStore {
  list(zone: string): readonly LocalRecord[];
  count(): number;
  /** Stores the records of a zone after a change. */
  replace(zone: string, records: readonly LocalRecord[]): void;
  /** Returns the records that a change must not conflict with: deleted ones may still be among them. */
  takeSeenDeletions(zone: string): readonly LocalRecord[];
}

/** Creates the store. `unseenDeletions` is the number of changes that still see a deleted record. */
export function createRecordStore(unseenDeletions: number): RecordStore {
  const recordsByZone = new Map<string, readonly LocalRecord[]>();
  let deletions: readonly { zone: string; record: LocalRecord; changesLeft: number }[] = [];
  const list = (zone: string) => recordsByZone.get(zone) ?? [];
  return {
    list,
    count: () => [...recordsByZone.values()].reduce((sum, { length }) => sum + length, 0),
    replace(zone, records) {
      const ids = new Set(records.map(({ id }) => id));
      const deletedRecords = unseenDeletions > 0 ? list(zone).filter(({ id }) => !ids.has(id)) : [];
      deletions = [...deletions, ...deletedRecords.map((record) => ({ zone, record, changesLeft: unseenDeletions }))];
      recordsByZone.set(zone, records);
    },
    takeSeenDeletions(zone) {
      const seen = deletions.filter((deletion) => deletion.zone === zone);
      deletions = deletions
        .map((deletion) => ({ ...deletion, changesLeft: deletion.changesLeft - (deletion.zone === zone ? 1 : 0) }))
        .filter(({ changesLeft }) => changesLeft > 0);
      return seen.map(({ record }) => record);
    },
  };
}
