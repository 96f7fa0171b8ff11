import { randomBytes } from "node:crypto";
import { type ErrorReply, isErrorReply } from "../api-types.ts";
import { PLAN_LIMITS } from "../zones/zone-plans.ts";
import { buildLocalRecord, type RecordFields } from "./build-record.ts";
import { dnsErrors } from "./dns-errors.ts";
import { findConflict } from "./record-conflicts.ts";
import type { LocalRecord, RecordRules } from "./record-model.ts";
import { createRecordSet, type RecordSet } from "./record-set.ts";
import type { RecordStore } from "./record-store.ts";

/** One operation of a change. */
export type RecordOperation =
  | { readonly kind: "delete"; readonly id: string }
  | { readonly kind: "patch" | "put"; readonly id: string; readonly fields: RecordFields }
  | { readonly kind: "post"; readonly fields: RecordFields };

/**
 * Runs operations in their order, all or none. Returns the record of each operation, or the error of the first operation
 * that fails.
 */
export function runRecordOperations(
  operations: readonly RecordOperation[],
  store: RecordStore,
  rules: RecordRules,
): LocalRecord[] | ErrorReply {
  const zone = rules.zone.name;
  const existingRecords = store.list(zone);
  const records = createRecordSet(existingRecords, store.takeSeenDeletions(zone));
  const otherZonesCount = store.count() - existingRecords.length;
  const results: LocalRecord[] = [];
  for (const operation of operations) {
    const record = prepareRecord(operation, records, rules);
    if (isErrorReply(record)) return record;
    results.push(record);
    records.remove(record.id);
    if (operation.kind === "delete") continue;
    const conflict = findConflict(record, records.withName(record.name));
    if (conflict) return conflict;
    records.add(record);
    if (operation.kind === "post" && isQuotaExceeded(records.size(), otherZonesCount, rules))
      return dnsErrors.quotaExceeded();
  }
  store.replace(zone, records.all());
  return results;
}

function prepareRecord(operation: RecordOperation, records: RecordSet, rules: RecordRules): LocalRecord | ErrorReply {
  if (operation.kind === "post") return buildLocalRecord(operation.fields, randomBytes(16).toString("hex"), rules);
  const { kind, id } = operation;
  const record = records.get(id);
  if (!record) return dnsErrors.recordNotFound();
  if (record.readOnly) return dnsErrors.readOnly();
  if (kind === "delete") return record;
  // A put resets the fields that it does not name, a patch keeps them.
  const fields = kind === "patch" ? { ...record, ...operation.fields } : operation.fields;
  const changedRecord = buildLocalRecord(fields, id, rules);
  // Seen in production: an update with an address of Cloudflare succeeds, and leaves the record without proxying.
  return isErrorReply(changedRecord) && changedRecord.code === 9003
    ? buildLocalRecord({ ...fields, proxied: false }, id, rules)
    : changedRecord;
}

function isQuotaExceeded(zoneCount: number, otherZonesCount: number, rules: RecordRules): boolean {
  return rules.accountRecordQuota === undefined
    ? zoneCount > findZoneQuota(rules)
    : zoneCount + otherZonesCount > rules.accountRecordQuota;
}

/** Returns the maximum number of records in a zone. */
export function findZoneQuota({ zone, recordQuota }: RecordRules): number {
  return zone.recordQuota ?? recordQuota ?? PLAN_LIMITS[zone.plan].recordQuota;
}
