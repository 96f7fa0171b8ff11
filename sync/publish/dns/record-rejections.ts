import type { RejectedRecord } from "../../collect/cluster-model.ts";
import type { FailedRecord } from "./add-records.ts";
import type { ExcessRecord } from "./record-quota.ts";
import type { WantedRecord } from "./wanted-records.ts";

/** Time after which a rejected record is tried again. */
const REJECTED_RETRY_MS = 600_000;
/** Time after which a record that was not tried, or that exceeded a quota, is tried again. */
const PAUSE_MS = 60_000;

/** The records that were not added, until they are tried again. */
export interface RecordRejections {
  /** Returns the rejected records. The same list while nothing changes. */
  list(): readonly RejectedRecord[];
  /** Removes the records that are due, so that the next sync tries them again. */
  expire(): void;
  find(zone: string, record: WantedRecord): RejectedRecord | undefined;
  /** Whether a namespace adds no records for now, because Cloudflare rejected one. */
  isPaused(zone: string, namespace: string): boolean;
  addFailures(zone: string, failures: readonly FailedRecord[]): void;
  addExcess(zone: string, excess: readonly ExcessRecord[]): void;
  addPaused(zone: string, records: readonly WantedRecord[]): void;
}

/** Remembers rejected records, so that they cost no request with each sync. */
export function createRecordRejections(now: () => number): RecordRejections {
  const entries = new Map<string, { readonly rejected: RejectedRecord; readonly retryAt: number }>();
  const pauses = new Map<string, number>(); // end of each, by zone and namespace
  let listed: readonly RejectedRecord[] | undefined = [];
  const add = (rejected: RejectedRecord, pauseMs: number) => {
    entries.set(formatKey(rejected.zone, rejected.label), { rejected, retryAt: now() + pauseMs });
    listed = undefined;
  };
  return {
    list: () => (listed ??= [...entries.values()].map(({ rejected }) => rejected)),
    expire() {
      for (const [key, { retryAt }] of entries) {
        if (retryAt > now()) continue;
        entries.delete(key);
        listed = undefined;
      }
      for (const [key, end] of pauses) if (end <= now()) pauses.delete(key);
    },
    find: (zone, { label }) => entries.get(formatKey(zone, label))?.rejected,
    isPaused: (zone, namespace) => pauses.has(formatKey(zone, namespace)),
    addFailures(zone, failures) {
      for (const { record, code, problem } of failures) {
        const { label, namespaces } = record;
        add({ zone, label, reason: "DNSRecordRejected", problem }, code === undefined ? PAUSE_MS : REJECTED_RETRY_MS);
        for (const namespace of namespaces) pauses.set(formatKey(zone, namespace), now() + PAUSE_MS);
      }
    },
    addExcess(zone, excess) {
      for (const { record, problem } of excess)
        add({ zone, label: record.label, reason: "DNSRecordQuotaExceeded", problem }, PAUSE_MS);
    },
    addPaused(zone, records) {
      const problem = "Cloudflare rejected other DNS records of the namespace; this one is added later";
      for (const { label } of records) add({ zone, label, reason: "DNSRecordRejected", problem }, PAUSE_MS);
    },
  };
}

function formatKey(zone: string, name: string): string {
  return `${zone} ${name}`;
}
