import { errorMessage } from "../../../src/rules/error-message.ts";
import { findZone } from "../../../src/rules/hosts.ts";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import type { ZoneDetails } from "../../cloudflare/zones.ts";
import type { WantedCertificates } from "../certificates/wanted-certificates.ts";
import type { HostIssue, HostSettings, HostSyncResult, WantedHost } from "./model.ts";
import type { RegistryStore } from "./registry-store.ts";
import { groupHostsByZone } from "./wanted-hosts.ts";
import { createZoneHostSync, type ZoneClients, type ZoneHostSync } from "./zone-sync.ts";

/** The records and routes of all published hosts. */
export interface HostSync {
  /**
   * Adds and repairs the records and routes of hosts, and removes our unused ones. A zone that fails becomes a warning,
   * and nothing of it is removed. Rejects only if the fence does.
   */
  sync(hosts: readonly HostRules[], checkFence: () => void, certificates?: WantedCertificates): Promise<HostSyncResult>;
  /** Returns what `sync` would do, and writes nothing. */
  plan(hosts: readonly HostRules[]): Promise<HostSyncResult>;
  /** Forgets the registry, because another replica may have changed it. */
  forget(): void;
}

export interface HostSyncOptions {
  readonly clients: ZoneClients;
  readonly listZones: () => Promise<readonly ZoneDetails[]>;
  readonly store: RegistryStore;
  readonly settings: HostSettings;
  readonly now: () => Date;
}

/** Creates the sync of hosts. It reads each zone again after 10 minutes, and before each change. */
export function createHostSync({ clients, listZones, store, settings, now }: HostSyncOptions): HostSync {
  let zoneSyncs = new Map<string, ZoneHostSync>();
  let registeredZoneIds: readonly string[] | undefined;
  const findZoneSync = (zone: ZoneDetails) => {
    const zoneSync = zoneSyncs.get(zone.id) ?? createZoneHostSync(clients, zone, store, settings, now);
    zoneSyncs.set(zone.id, zoneSync);
    return zoneSync;
  };
  const mapZones = async (hosts: readonly HostRules[], run: RunZone, checkFence: () => void) => {
    const zones = await listZones();
    registeredZoneIds ??= await store.listZoneIds();
    const zoneIds = registeredZoneIds;
    const zoneNames = zones.map(({ name }) => name);
    const hostsByZone = groupHostsByZone(hosts, zoneNames);
    const results: HostSyncResult[] = [];
    for (const zone of zones) {
      const wanted = hostsByZone.get(zone.name) ?? [];
      if (wanted.length === 0 && !zoneIds.includes(zone.id) && !zoneSyncs.has(zone.id)) continue;
      const zoneSync = findZoneSync(zone);
      const isInZone = (host: string) => findZone(host, zoneNames) === zone.name;
      results.push(await run(zoneSync, wanted, isInZone).catch((error) => describeFailure(zone, error, checkFence)));
      results.push(describeZone(zone, wanted));
    }
    return mergeResults([...results, describeInvisible(zoneIds, zones)]);
  };
  return {
    async sync(hosts, checkFence, certificates) {
      try {
        if (registeredZoneIds === undefined) await store.renewSignatures({ check: checkFence });
        return await mapZones(hosts, createZoneRun(checkFence, certificates), checkFence);
      } catch (error) {
        checkFence();
        return { ...NOTHING, warnings: [`hosts were not synced: ${errorMessage(error)}`] };
      }
    },
    plan: (hosts) =>
      mapZones(
        hosts,
        (zoneSync, wanted) => zoneSync.plan(wanted),
        () => {},
      ),
    forget() {
      zoneSyncs = new Map();
      registeredZoneIds = undefined;
    },
  };
}

/** Syncs or plans one zone, with its hosts. */
type RunZone = (
  zoneSync: ZoneHostSync,
  wanted: readonly WantedHost[],
  isInZone: (host: string) => boolean,
) => Promise<HostSyncResult>;

/** Returns the sync of one zone: of its records and routes, and then of its certificates. */
function createZoneRun(checkFence: () => void, certificates: WantedCertificates | undefined): RunZone {
  return async (zoneSync, wanted, isInZone) => {
    const result = await zoneSync.sync(wanted, checkFence);
    if (!certificates) return result;
    const own = certificates.certificates.filter(({ hosts: [host = ""] }) => isInZone(host));
    const ownCertificates = { ...certificates, certificates: own };
    const { changes, issues } = await zoneSync.upload(ownCertificates, checkFence);
    return { ...result, changes: [...result.changes, ...changes], issues: [...result.issues, ...issues] };
  };
}

const NOTHING: HostSyncResult = { changes: [], issues: [], warnings: [], waiting: 0, postponed: 0 };

/** Returns the failure of a zone. Throws if the fence does, because then nothing else may be written. */
function describeFailure({ name }: ZoneDetails, error: unknown, checkFence: () => void): HostSyncResult {
  checkFence();
  return { ...NOTHING, warnings: [`hosts of zone ${name} were not synced: ${errorMessage(error)}`] };
}

/** Returns issues of hosts in a zone that serves nothing. */
function describeZone({ name, status, isPaused }: ZoneDetails, wanted: readonly WantedHost[]): HostSyncResult {
  if (status === "active" && !isPaused) return NOTHING;
  const problem = isPaused ? `zone ${name} is paused` : `zone ${name} is ${status}, not active`;
  const remedy = isPaused ? "resume the zone in the dashboard" : "set the name servers of the zone at its registrar";
  const issues = wanted.map(({ host }): HostIssue => {
    return { host, reason: "HostZoneInactive", problem: `${host} is not served: ${problem}`, remedy };
  });
  return { ...NOTHING, issues };
}

/** Returns a warning about zones that the token does not see. Their records and routes are left. */
function describeInvisible(zoneIds: readonly string[], zones: readonly ZoneDetails[]): HostSyncResult {
  const visibleIds = new Set(zones.map(({ id }) => id));
  const invisibleIds = zoneIds.filter((id) => !visibleIds.has(id));
  const text = `zone ${invisibleIds.join(", ")} is not visible to the API token; its records and routes are left`;
  return { ...NOTHING, warnings: invisibleIds.length === 0 ? [] : [text] };
}

function mergeResults(results: readonly HostSyncResult[]): HostSyncResult {
  return {
    changes: results.flatMap(({ changes }) => changes),
    issues: results.flatMap(({ issues }) => issues),
    warnings: results.flatMap(({ warnings }) => warnings),
    waiting: results.reduce((sum, { waiting }) => sum + waiting, 0),
    postponed: results.reduce((sum, { postponed }) => sum + postponed, 0),
  };
}
