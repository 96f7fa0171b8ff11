import type { LocalRecord } from "./record-model.ts";

/** Metadata of delegations. Records at or below the name of an NS record are stored, but not served. */
export interface ShadowMetadata {
  readonly shadowed_by?: readonly string[];
  readonly shadowed_records_count?: number;
  readonly is_glue?: true;
}

export type DelegatingRecord = Pick<LocalRecord, "type" | "name">;

/** Returns the NS records that hide a name: those of the name and of its parents, without the zone itself. */
export function findShadowingRecords<T extends DelegatingRecord>(
  name: string,
  records: readonly T[],
  zone: string,
): T[] {
  return records.filter((record) => isDelegation(record, zone) && isAtOrBelow(name, record.name));
}

/** Returns the metadata of a record, with its delegations. */
export function buildShadowMetadata(
  record: LocalRecord,
  records: readonly LocalRecord[],
  zone: string,
): ShadowMetadata {
  if (isDelegation(record, zone)) {
    const shadowed = records.filter((other) => !isDelegation(other, zone) && isAtOrBelow(other.name, record.name));
    return { shadowed_records_count: shadowed.length };
  }
  const shadowing = findShadowingRecords(record.name, records, zone);
  if (shadowing.length === 0) return {};
  const isGlue = ["A", "AAAA"].includes(record.type) && shadowing.some(({ content }) => content === record.name);
  return { shadowed_by: shadowing.map(({ id }) => id), ...(isGlue && { is_glue: true as const }) };
}

/** Returns the records that a delegation hides, without its own NS records. */
export function listShadowedRecords(name: string, records: readonly LocalRecord[], zone: string): LocalRecord[] {
  const isDelegated = records.some((record) => isDelegation(record, zone) && record.name === name);
  return isDelegated
    ? records.filter((record) => isAtOrBelow(record.name, name) && !(record.type === "NS" && record.name === name))
    : [];
}

function isDelegation({ type, name }: DelegatingRecord, zone: string): boolean {
  return type === "NS" && name !== zone;
}

function isAtOrBelow(name: string, parent: string): boolean {
  return name === parent || name.endsWith(`.${parent}`);
}
