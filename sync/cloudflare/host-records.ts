import type Cloudflare from "cloudflare";
import { applyRecordChange, type RecordChange, type Zone } from "./dns.ts";

/** Any record of a zone, with an absolute name in lower case. */
export interface ZoneRecord {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly content: string;
  readonly proxied: boolean;
  readonly comment: string | undefined;
}

/** Operations on the records of hosts. */
export interface HostRecords {
  /** Lists every record of a zone, because a record of another owner decides about ours. */
  listAll(zone: Zone): Promise<ZoneRecord[]>;
  /** Adds and removes records, with `comment` on the new ones. See `Dns.applyChange`. */
  applyChange(zone: Zone, change: RecordChange, comment: string): Promise<void>;
}

const PAGE_SIZE = 5000;

/** Creates a client of all DNS records through the REST API. */
export function createHostRecords(client: Cloudflare): HostRecords {
  return {
    async listAll(zone) {
      const records: ZoneRecord[] = [];
      for await (const record of client.dns.records.list({ zone_id: zone.id, per_page: PAGE_SIZE })) {
        const { id, type, name, content = "", proxied, comment } = record;
        const fields = { id, type, content, proxied: proxied === true, comment: comment || undefined };
        records.push({ ...fields, name: name.toLowerCase() });
      }
      return records;
    },
    applyChange: (zone, change, comment) => applyRecordChange(client, zone, change, comment),
  };
}
