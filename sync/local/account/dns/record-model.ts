import type { LocalZone } from "../zones/zone-store.ts";

/** A DNS record, with an absolute name and its content as the API returns them. */
export interface LocalRecord {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly content: string;
  readonly proxied: boolean;
  /** Seconds; 1 is automatic. */
  readonly ttl: number;
  readonly comment?: string;
  readonly tags: readonly string[];
  readonly priority?: number;
  /** Whether another product of Cloudflare made the record, so that no call may change it. */
  readonly readOnly?: boolean;
}

/** Limits of the DNS records that are not those of a plan. */
export interface RecordLimits {
  /** Maximum number of records in a zone; that of its plan if not set. */
  readonly recordQuota?: number;
  /** Maximum number of records in the account, instead of a maximum by zone. For Enterprise accounts. */
  readonly accountRecordQuota?: number;
  /** Addresses that are rejected besides those that Cloudflare always rejects. */
  readonly rejectedAddresses?: readonly string[];
  /** Accepts the addresses that Cloudflare rejects, so that origins may be on this machine or in its network. */
  readonly acceptsAnyAddress?: boolean;
  /** Number of calls after a deletion that still see the deleted record in conflicts. */
  readonly unseenDeletions?: number;
}

/** A zone and its limits, for the checks of a record. */
export interface RecordRules extends RecordLimits {
  readonly zone: LocalZone;
}
