import type { HostRules } from "../../src/rules/snapshot.ts";
import type { Account } from "../publish/account.ts";
import type { OriginRecordSync } from "../publish/dns/sync-records.ts";
import type { HostSyncResult } from "../publish/hosts/model.ts";
import { createRegistryStore } from "../publish/hosts/registry-store.ts";
import { createHostSync, type HostSync } from "../publish/hosts/sync-hosts.ts";
import { buildHostComment } from "../publish/hosts/zone-view.ts";

/** Options of commands that manage the DNS records and routes of hosts. */
export interface HostOptions {
  /** Whether each published host gets a DNS record and a Workers route. */
  readonly manageHosts?: boolean;
  /** Name of the controller in the comments of its records. */
  readonly name?: string;
  readonly workerScript?: string;
  readonly hostGrace?: number; // seconds
  readonly hostDrift?: "repair" | "report";
  readonly hostWildcards?: number | undefined;
  readonly ignoreExternalDns?: boolean;
}

export const DEFAULT_CONTROLLER_NAME = "edgress";
export const DEFAULT_WORKER_SCRIPT = "edgress";
export const DEFAULT_HOST_GRACE_S = 3600;

/** Creates the sync of hosts, or nothing without `--manage-hosts`. */
export function createManagedHosts(
  { kv, dns, hostRecords, routes, signer, verifier }: Account,
  options: HostOptions,
  { listZones }: Pick<OriginRecordSync, "listZones">,
  now: () => Date,
  maxNewRoutes?: number,
): HostSync | undefined {
  if (!options.manageHosts) return undefined;
  const settings = {
    script: options.workerScript ?? DEFAULT_WORKER_SCRIPT,
    comment: buildHostComment(options.name ?? DEFAULT_CONTROLLER_NAME, kv.namespaceId),
    graceMs: (options.hostGrace ?? DEFAULT_HOST_GRACE_S) * 1000,
    drift: options.hostDrift ?? "repair",
    respectsExternalDns: !options.ignoreExternalDns,
    minWildcardHosts: options.hostWildcards,
    maxNewRoutes,
  };
  const store = createRegistryStore(kv, signer, verifier);
  return createHostSync({ clients: { records: hostRecords, routes, dns }, listZones, store, settings, now });
}

/**
 * Syncs the records and routes of the hosts that are published or compiled, after the publication: a host is not
 * announced before it has both, and loses both only after its rules are gone.
 */
export async function syncManagedHosts(
  hosts: HostSync | undefined,
  compiledHosts: readonly HostRules[],
  publishedHosts: readonly HostRules[],
  checkFence: () => void,
): Promise<HostSyncResult | undefined> {
  return await hosts?.sync([...compiledHosts, ...publishedHosts], checkFence);
}
