import type { WantedRecord } from "./wanted-records.ts";

/** Namespaces whose Services have the address of a record. */
export type RecordOwners = WantedRecord["namespaces"];

/** Returns the maximum number of records of a namespace in a zone, if the permits set one. */
export type FindMaxRecords = (namespace: string) => number | undefined;

/** A record that its namespaces may not add, and the namespace whose quota is used. */
export interface ExcessRecord {
  readonly record: WantedRecord;
  readonly problem: string;
}

/**
 * Splits new records into those within the quota of one of their namespaces, and the others. Records that exist,
 * with the owners in `existingOwners`, count first and always stay. `defaultMaxRecords` is the quota of a namespace without another one.
 */
export function applyRecordQuota(
  existingOwners: readonly RecordOwners[],
  newRecords: readonly WantedRecord[],
  findMaxRecords: FindMaxRecords,
  defaultMaxRecords: number,
): { readonly admitted: readonly WantedRecord[]; readonly excess: readonly ExcessRecord[] } {
  const counts = new Map<string, number>();
  const countRecord = (owners: RecordOwners) => {
    for (const namespace of owners) counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
  };
  const findQuota = (namespace: string) => findMaxRecords(namespace) ?? defaultMaxRecords;
  for (const owners of existingOwners) countRecord(owners);
  const admitted: WantedRecord[] = [];
  const excess: ExcessRecord[] = [];
  for (const record of newRecords) {
    if (record.namespaces.some((namespace) => (counts.get(namespace) ?? 0) < findQuota(namespace))) {
      admitted.push(record);
      countRecord(record.namespaces);
      continue;
    }
    const [namespace = ""] = record.namespaces;
    const problem = `namespace ${namespace} has reached its quota of ${findQuota(namespace)} DNS records in the zone`;
    excess.push({ record, problem });
  }
  return { admitted, excess };
}
