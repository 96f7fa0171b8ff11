import type { OriginRecord, Zone } from "../../cloudflare/dns.ts";
import type { ZoneRecord } from "../../cloudflare/host-records.ts";
import type { WorkersRoute } from "../../cloudflare/routes.ts";
import type { ZoneRegistry } from "./registry.ts";

/** The content of an originless record: Cloudflare proxies it, and the Worker answers. */
export const ORIGINLESS = { type: "AAAA", content: "100::" } as const;

/** The settings of hosts that are managed. */
export interface HostSettings {
  /** The Worker's script, which every route runs. */
  readonly script: string;
  /** The comment of our records. It names the controller and its KV namespace. */
  readonly comment: string;
  /** Time from the removal of a host to that of its record and route. */
  readonly graceMs: number;
  /** What happens to a record or route that someone else edited or deleted. */
  readonly drift: "repair" | "report";
  /** Whether a host with a TXT record of external-dns belongs to external-dns. */
  readonly respectsExternalDns: boolean;
  /** From this number of hosts of one level, a wildcard replaces their records and routes; never if undefined. */
  readonly minWildcardHosts?: number | undefined;
}

/** A published host, and the namespaces of its Ingresses, sorted. */
export interface WantedHost {
  readonly host: string;
  readonly namespaces: readonly string[];
}

/** A zone as read from the API and the registry. */
export interface ZoneState {
  readonly zone: Zone;
  readonly records: readonly ZoneRecord[];
  readonly routes: readonly WorkersRoute[];
  readonly registry: ZoneRegistry;
  readonly maxRecords: number;
  readonly maxRoutes: number;
}

/** The reasons of diagnostics about records, routes and certificates. */
export type HostIssueReason =
  | "ForeignHostRecord"
  | "ForeignHostRoute"
  | "HostShadowed"
  | "HostZoneInactive"
  | "HostQuotaExceeded"
  | "HostChangeRejected"
  | "HostDrift"
  | "WildcardCapturesNames"
  | "CertificateNotCovered"
  | "CertificatePending"
  | "CertificateNotUploaded";

/** Why a host is not served, or not as its owner may expect. */
export interface HostIssue {
  readonly host: string;
  readonly reason: HostIssueReason;
  readonly problem: string;
  readonly remedy: string;
}

/** A record to add, with the hosts that it serves. */
export interface AddedRecord extends OriginRecord {
  readonly namespaces: readonly string[];
  /** Our record of the same name that was edited. It is removed in the same batch. */
  readonly replaced: ZoneRecord | undefined;
}

export interface AddedRoute {
  readonly pattern: string;
  readonly namespaces: readonly string[];
}

/** The changes of one zone. Each removed record and route is ours. */
export interface ZoneHostPlan {
  readonly addRecords: readonly AddedRecord[];
  readonly addRoutes: readonly AddedRoute[];
  readonly removeRecords: readonly ZoneRecord[];
  readonly removeRoutes: readonly WorkersRoute[];
  /** The registry before the change: with the intended additions, and the time since which each entry is unused. */
  readonly registry: ZoneRegistry;
  readonly issues: readonly HostIssue[];
  /** Changes by others that were found: "record shop.example.com was deleted". */
  readonly drift: readonly string[];
  /** Number of records and routes that are removed after their grace. */
  readonly waiting: number;
}
