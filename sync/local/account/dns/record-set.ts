import type { LocalRecord } from "./record-model.ts";

/** The records of a zone during a change. */
export interface RecordSet {
  get(id: string): LocalRecord | undefined;
  size(): number;
  all(): LocalRecord[];
  /** Returns the records with a name. Deleted records that are still seen are among them. */
  withName(name: string): readonly LocalRecord[];
  add(record: LocalRecord): void;
  remove(id: string): void;
}

export function createRecordSet(initialRecords: readonly LocalRecord[], seen: readonly LocalRecord[]): RecordSet {
  const records = new Map(initialRecords.map((record) => [record.id, record]));
  const recordsByName: Map<string, readonly LocalRecord[]> = Map.groupBy(
    [...initialRecords, ...seen],
    ({ name }) => name,
  );
  const withName = (name: string) => recordsByName.get(name) ?? [];
  return {
    get: (id) => records.get(id),
    size: () => records.size,
    all: () => [...records.values()],
    withName,
    add(record) {
      records.set(record.id, record);
      recordsByName.set(record.name, [...withName(record.name), record]);
    },
    remove(id) {
      const name = records.get(id)?.name;
      if (name === undefined) return;
      records.delete(id);
      recordsByName.set(
        name,
        withName(name).filter((record) => record.id !== id),
      );
    },
  };
}
