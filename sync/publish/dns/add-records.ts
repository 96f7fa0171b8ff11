import { withCallRules } from "../../cloudflare/call-rules.ts";
import {
  type Dns,
  type ExistingRecord,
  type OriginRecord,
  planRecordChange,
  type RecordChange,
  type Zone,
} from "../../cloudflare/dns.ts";
import { ChangeRejectedError } from "../../cloudflare/rejections.ts";
import type { WantedRecord } from "./wanted-records.ts";

/** Requests of one namespace in one sync that find its rejected records. */
const MAX_NAMESPACE_REQUESTS = 16;
/** Codes of a conflict with an existing record. It may be our own, from a request without a response. */
const CONFLICT_CODES = [81053, 81054, 81057, 81058];

/** A record that was not added. `code` is Cloudflare's; undefined if the record was not tried. */
export interface FailedRecord {
  readonly record: WantedRecord;
  readonly code: number | undefined;
  readonly problem: string;
}

/** The calls that change records. */
export type ChangingDns = Pick<Dns, "listRecords" | "applyChange">;

/**
 * Adds records to a zone, and removes others. If Cloudflare rejects a record, the records of each namespace are added
 * alone, and halved until the rejected ones are found. Resolves with the records that were not added.
 */
export async function changeRecords(
  dns: ChangingDns,
  zone: Zone,
  addedRecords: readonly WantedRecord[],
  removedRecords: readonly ExistingRecord[],
  checkFence: () => void,
): Promise<readonly FailedRecord[]> {
  const apply = async (change: RecordChange) => {
    checkFence();
    const originRecords = change.add.map(toOriginRecord);
    await withCallRules({ checkFence }, () => dns.applyChange(zone, { add: originRecords, remove: change.remove }));
  };
  try {
    await apply({ add: addedRecords, remove: removedRecords });
    return [];
  } catch (error) {
    if (!(error instanceof ChangeRejectedError)) throw error;
  }
  // A part of the change may be done.
  const plan = planRecordChange(await dns.listRecords(zone), addedRecords);
  const missingNames = new Set(plan.add.map(({ name }) => name));
  const missingRecords = addedRecords.filter(({ name }) => missingNames.has(name));
  const failures: FailedRecord[] = [];
  for (const records of Map.groupBy(missingRecords, ({ namespaces }) => namespaces.join(" ")).values())
    failures.push(...(await addHalves(records, plan.remove, apply, { left: MAX_NAMESPACE_REQUESTS })));
  return failures.some(isConflict) ? withoutExisting(failures, dns, zone) : failures;
}

/** Adds records, with the removals that replace them. Halves a rejected batch, until the budget is used. */
async function addHalves(
  records: readonly WantedRecord[],
  replacedRecords: RecordChange["remove"],
  apply: (change: RecordChange) => Promise<void>,
  requests: { left: number },
): Promise<readonly FailedRecord[]> {
  if (requests.left === 0)
    return records.map((record) => ({
      record,
      code: undefined,
      problem: "Cloudflare rejected other DNS records of the namespace; this one is added later",
    }));
  requests.left -= 1;
  const names = new Set(records.map(({ name }) => name));
  try {
    await apply({
      add: records,
      remove: replacedRecords.filter(({ name }) => names.has(name)),
    });
    return [];
  } catch (error) {
    if (!(error instanceof ChangeRejectedError)) throw error;
    if (records.length === 1) return records.map((record) => ({ record, code: error.code, problem: error.message }));
  }
  const middle = Math.ceil(records.length / 2);
  const firstFailures = await addHalves(records.slice(0, middle), replacedRecords, apply, requests);
  return [...firstFailures, ...(await addHalves(records.slice(middle), replacedRecords, apply, requests))];
}

/** Returns the failures whose records do not exist. */
async function withoutExisting(
  failures: readonly FailedRecord[],
  dns: ChangingDns,
  zone: Zone,
): Promise<FailedRecord[]> {
  const { add } = planRecordChange(
    await dns.listRecords(zone),
    failures.map(({ record }) => record),
  );
  const missingNames = new Set(add.map(({ name }) => name));
  return failures.filter(({ record }) => missingNames.has(record.name));
}

function toOriginRecord({ type, name, content }: OriginRecord): OriginRecord {
  return { type, name, content };
}

function isConflict({ code }: FailedRecord): boolean {
  return code !== undefined && CONFLICT_CODES.includes(code);
}
