import { isDeepStrictEqual } from "node:util";
import type { Certificates } from "../../cloudflare/certificates.ts";
import type { Dns, Zone } from "../../cloudflare/dns.ts";
import type { WorkersRoute } from "../../cloudflare/routes.ts";
import type { ZoneDetails } from "../../cloudflare/zones.ts";
import { createZoneUploads, type UploadToZone } from "../certificates/zone-uploads.ts";
import { createExpiringCache } from "../dns/expiring-cache.ts";
import { applyZonePlan, type HostClients } from "./apply-zone.ts";
import { createHostRejections } from "./host-rejections.ts";
import { hasChanges, listObjectChanges } from "./list-changes.ts";
import type { HostIssue, HostSettings, HostSyncResult, WantedHost, ZoneHostPlan, ZoneState } from "./model.ts";
import { planZone, settleRegistry } from "./plan-zone.ts";
import type { ZoneRegistry } from "./registry.ts";
import type { RegistryStore } from "./registry-store.ts";
import { MAX_ZONE_ROUTES } from "./route-patterns.ts";

/** The clients of a zone. */
export interface ZoneClients extends HostClients {
  readonly certificates: Certificates;
  readonly dns: Pick<Dns, "readRecordQuota">;
}

export interface ZoneHostSync {
  sync(hosts: readonly WantedHost[], checkFence: () => void): Promise<HostSyncResult>;
  plan(hosts: readonly WantedHost[]): Promise<HostSyncResult>;
  /** Uploads certificates, and removes ours that no Secret has. */
  readonly upload: UploadToZone;
}

const ZONE_CACHE_TTL_MS = 600_000;
const ACCOUNT_QUOTA = 1_000_000; // of an account that has a quota instead of its zones
const SMALL_RECORD_QUOTA = 200; // of the Free plan, if the token may not read the quota

/**
 * Creates the sync of one zone. It registers each record and route before it creates it, so that an interrupted sync
 * leaves nothing unknown.
 */
export function createZoneHostSync(
  clients: ZoneClients,
  zone: ZoneDetails,
  store: RegistryStore,
  settings: HostSettings,
  now: () => Date,
): ZoneHostSync {
  const observed = createExpiringCache(
    () => now().getTime(),
    ZONE_CACHE_TTL_MS,
    () => observeZone(clients, zone),
  );
  const rejections = createHostRejections(now);
  const registry = createZoneRegistry(store, zone);
  const readState = async (): Promise<ZoneState> => {
    return { registry: await registry.read(), ...(await observed.get()), zone };
  };
  const plan = async (hosts: readonly WantedHost[]) =>
    rejections.withoutRejected(planZone(await readState(), hosts, settings, now()));
  const upload = createZoneUploads(clients.certificates, zone, registry, settings.graceMs, now);
  return {
    upload,
    async sync(hosts, checkFence) {
      rejections.expire();
      const cachedPlan = await plan(hosts);
      if (!hasChanges(cachedPlan)) {
        await registry.save(cachedPlan.registry, checkFence);
        return buildResult(zone, cachedPlan, rejections.list(), []);
      }
      observed.invalidate(); // the decision to change something is made with the current state of the zone
      const freshPlan = await plan(hosts);
      await registry.save(freshPlan.registry, checkFence);
      observed.invalidate();
      const { createdRoutes, issues, skipped } = await applyZonePlan(clients, zone, freshPlan, settings, checkFence);
      rejections.add(issues);
      const state = await readState();
      const routes = mergeRoutes(state.routes, createdRoutes);
      await registry.save(settleRegistry({ ...state, routes }, hosts, settings, now()), checkFence);
      return buildResult(zone, freshPlan, rejections.list(), skipped);
    },
    async plan(hosts) {
      return buildResult(zone, await plan(hosts), rejections.list(), []);
    },
  };
}

/** Creates the registry of a zone, in memory once it was read. */
function createZoneRegistry(store: RegistryStore, zone: Zone) {
  let registry: ZoneRegistry | undefined;
  const read = async () => {
    registry ??= await store.read(zone.id);
    return registry;
  };
  const save = async (next: ZoneRegistry, checkFence: () => void) => {
    if (!isDeepStrictEqual(next, registry)) await store.write(zone, next, { check: checkFence });
    registry = next;
  };
  return {
    read,
    save,
    readCertificates: async () => (await read()).certificates,
    saveCertificates: async (certificates: ZoneRegistry["certificates"], checkFence: () => void) =>
      await save({ ...(await read()), certificates }, checkFence),
  };
}

/** Reads the records and routes of a zone, and its quotas. */
async function observeZone({ records, routes, dns }: ZoneClients, zone: Zone) {
  const maxRecords = await dns.readRecordQuota(zone).then(
    (quota) => quota ?? ACCOUNT_QUOTA,
    () => SMALL_RECORD_QUOTA,
  );
  return {
    records: await records.listAll(zone),
    routes: await routes.list(zone),
    maxRecords,
    maxRoutes: MAX_ZONE_ROUTES,
  };
}

/** Adds created routes to a list that may be older than they are. */
function mergeRoutes(routes: readonly WorkersRoute[], createdRoutes: readonly WorkersRoute[]): WorkersRoute[] {
  const ids = new Set(routes.map(({ id }) => id));
  return [...routes, ...createdRoutes.filter(({ id }) => !ids.has(id))];
}

function buildResult(
  zone: Zone,
  plan: ZoneHostPlan,
  rejections: readonly HostIssue[],
  skipped: readonly string[],
): HostSyncResult {
  const { issues, drift, waiting, postponed } = plan;
  const rejectedHosts = new Set(rejections.map(({ host }) => host));
  return {
    changes: listObjectChanges(zone, plan, rejectedHosts),
    issues: [...issues, ...rejections],
    warnings: [...drift, ...skipped],
    waiting,
    postponed,
  };
}
