import { type DelegatingRecord, findShadowingRecords } from "./record-shadows.ts";

/**
 * Returns the records that answer for a name. A name without records has those of the nearest wildcard above
 * it. A wildcard matches any number of labels, but no name that exists, and no name below one that exists. A name exists if
 * it or a name below it has a record of any type. Delegated names have no records.
 */
export function findAnsweringRecords<T extends DelegatingRecord>(
  name: string,
  records: readonly T[],
  zone: string,
): readonly T[] {
  if (findShadowingRecords(name, records, zone).length > 0) return [];
  const ownRecords = records.filter((record) => record.name === name);
  const exists = (candidate: string) =>
    records.some((record) => record.name === candidate || record.name.endsWith(`.${candidate}`));
  if (ownRecords.length > 0 || exists(name)) return ownRecords;
  const parent = listParents(name).find(exists);
  return parent === undefined ? [] : records.filter((record) => record.name === `*.${parent}`);
}

/** Lists the names above a name: "a.b.c" has "b.c" and "c". */
function listParents(name: string): string[] {
  const labels = name.split(".");
  return labels.slice(1).map((_, i) => labels.slice(i + 1).join("."));
}
