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
  /** Maximum number of routes that one sync adds, because each is an API call; all if undefined. */
  readonly maxNewRoutes?: number | undefined;
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
  | "CertificateCoversOneLabel"
  | "CertificatePending"
  | "CertificateNotUploaded";

/** Why a host is not served, or not as its owner may expect. */
export interface HostIssue {
  readonly host: string;
  readonly reason: HostIssueReason;
  /**
   * The objects that get a diagnostic: Ingresses as "namespace/name", others with their kind. Those with routes or listeners
   * of the host if undefined.
   */
  readonly ingresses?: readonly string[];
  readonly problem: string;
  readonly remedy: string;
}

/** A record to add, with the hosts that it serves. */
export interface AddedRecord extends OriginRecord {
  readonly hosts: readonly string[];
  readonly namespaces: readonly string[];
  /** Our record of the same name that was edited. It is removed in the same batch. */
  readonly replaced: ZoneRecord | undefined;
}

export interface AddedRoute {
  readonly pattern: string;
  readonly hosts: readonly string[];
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
  /** Number of names that the next sync adds. */
  readonly postponed: number;
}

/** A record or route that was added, replaced or removed, or would be. */
export interface HostObjectChange {
  readonly action: "add" | "replace" | "remove";
  readonly kind: "record" | "route" | "certificate";
  readonly zone: string;
  readonly name: string; // "shop.example.com AAAA 100::", or the pattern of a route
  /** The hosts that it serves; empty if it is removed. */
  readonly hosts: readonly string[];
}

/** The outcome of a sync of all hosts, or its plan. */
export interface HostSyncResult {
  readonly changes: readonly HostObjectChange[];
  readonly issues: readonly HostIssue[];
  /** Zones that were not synced and why, and changes by others. */
  readonly warnings: readonly string[];
  /** Number of records and routes that wait for the end of their grace. */
  readonly waiting: number;
  /** Number of names that the next sync adds. */
  readonly postponed: number;
}
