import { isDeepStrictEqual } from "node:util";
import { withCallRules } from "../../cloudflare/call-rules.ts";
import { isOutcomeUnknown } from "../../cloudflare/client.ts";
import type { ExistingRecord, Zone } from "../../cloudflare/dns.ts";
import type { HostRecords, ZoneRecord } from "../../cloudflare/host-records.ts";
import { ChangeRejectedError } from "../../cloudflare/rejections.ts";
import type { Routes, WorkersRoute } from "../../cloudflare/routes.ts";
import { type ChangingDns, changeRecords } from "../dns/add-records.ts";
import { isOriginless } from "./match-registry.ts";
import { type HostIssue, type HostSettings, ORIGINLESS, type ZoneHostPlan } from "./model.ts";

/** The clients that change a zone. */
export interface HostClients {
  readonly records: HostRecords;
  readonly routes: Routes;
}

/** Codes of a Worker's script that does not exist. */
const SCRIPT_NOT_FOUND = [10007, 10019];
/** A route of the pattern exists by now. The next sync reads it and decides again. */
const ROUTE_EXISTS = 10020;

/** The routes that were created, the issues of rejected hosts, and the changes that the zone no longer allows. */
export interface AppliedZonePlan {
  readonly createdRoutes: readonly WorkersRoute[];
  readonly issues: readonly HostIssue[];
  readonly skipped: readonly string[];
}

/**
 * Carries out a plan: routes before records, so that no name answers without its route, and removals in reverse. A rejected
 * record or route costs only its hosts. Reads the zone again before it replaces or removes something.
 */
export async function applyZonePlan(
  clients: HostClients,
  zone: Zone,
  plan: ZoneHostPlan,
  settings: HostSettings,
  checkFence: () => void,
): Promise<AppliedZonePlan> {
  const write = <T>(change: () => Promise<T>) => {
    checkFence();
    return withCallRules({ checkFence }, change);
  };
  const createdRoutes: WorkersRoute[] = [];
  const issues: HostIssue[] = [];
  for (const { pattern, hosts } of plan.addRoutes) {
    const { route, problem } = await write(() => createRoute(clients.routes, zone, pattern, settings.script));
    if (route) createdRoutes.push(route);
    if (problem !== undefined) issues.push(...buildRejections(hosts, problem));
  }
  const { plan: checkedPlan, skipped } = await withoutChanged(clients, zone, plan);
  issues.push(...(await changeZoneRecords(clients.records, zone, checkedPlan, settings, checkFence)));
  for (const route of checkedPlan.removeRoutes) await write(() => clients.routes.remove(zone, route));
  return { createdRoutes, issues, skipped };
}

/** Returns a plan without the removals of records and routes that someone changed since the plan was made. */
async function withoutChanged({ records, routes }: HostClients, zone: Zone, plan: ZoneHostPlan) {
  const { removeRecords, removeRoutes, addRecords } = plan;
  const needsRecords = removeRecords.length > 0 || addRecords.some(({ replaced }) => replaced);
  const currentRecords = new Map(needsRecords ? (await records.listAll(zone)).map(byId) : []);
  const currentRoutes = new Map(removeRoutes.length > 0 ? (await routes.list(zone)).map(byId) : []);
  const isSameRecord = (record: ZoneRecord) => isDeepStrictEqual(record, currentRecords.get(record.id));
  const isSameRoute = (route: WorkersRoute) => isDeepStrictEqual(route, currentRoutes.get(route.id));
  const checkedPlan: ZoneHostPlan = {
    ...plan,
    addRecords: addRecords.filter(({ replaced }) => !replaced || isSameRecord(replaced)),
    removeRecords: removeRecords.filter(isSameRecord),
    removeRoutes: removeRoutes.filter(isSameRoute),
  };
  const skipped = [
    ...removeRecords.filter((record) => !isSameRecord(record)).map(({ name }) => `record ${name}`),
    ...removeRoutes.filter((route) => !isSameRoute(route)).map(({ pattern }) => `route ${pattern}`),
  ].map((name) => `${name} was changed meanwhile; it is not removed`);
  return { plan: checkedPlan, skipped };
}

function byId<T extends { readonly id: string }>(item: T): readonly [string, T] {
  return [item.id, item];
}

/** Creates a route. Resolves with the reason if Cloudflare rejects it. */
async function createRoute(
  routes: Routes,
  zone: Zone,
  pattern: string,
  script: string,
): Promise<{ readonly route?: WorkersRoute; readonly problem?: string }> {
  try {
    return { route: await routes.create(zone, pattern, script) };
  } catch (error) {
    return readRouteFailure(error, script);
  }
}

/** Returns the reason of a rejection; none if the next list of routes shows the outcome. Throws any other error. */
function readRouteFailure(error: unknown, script: string): { readonly problem?: string } {
  if (isOutcomeUnknown(error instanceof Error ? (error.cause ?? error) : error)) return {};
  if (!(error instanceof ChangeRejectedError)) throw error;
  if (error.code === ROUTE_EXISTS) return {};
  if (SCRIPT_NOT_FOUND.includes(error.code))
    throw new Error(`Worker script not found: ${script}. Deploy the Worker, or set --worker-script to its name`);
  return { problem: error.message };
}

/** Adds records with those that they replace, and then removes others. */
async function changeZoneRecords(
  records: HostRecords,
  zone: Zone,
  { addRecords, removeRecords }: ZoneHostPlan,
  { comment }: HostSettings,
  checkFence: () => void,
): Promise<HostIssue[]> {
  const replaced = addRecords.flatMap((record) => record.replaced ?? []);
  const replacedIds = new Set(replaced.map(({ id }) => id));
  const isOurs = (record: ZoneRecord) =>
    record.comment === comment && (replacedIds.has(record.id) || isOriginless(record));
  const dns: ChangingDns = {
    listRecords: async () => (await records.listAll(zone)).filter(isOurs).map(toExisting),
    applyChange: (_, change) => records.applyChange(zone, change, comment),
  };
  const wanted = addRecords.map(({ name, namespaces }) => ({ ...ORIGINLESS, name, namespaces, label: name }));
  const failures =
    wanted.length === 0 ? [] : await changeRecords(dns, zone, wanted, replaced.map(toExisting), checkFence);
  if (removeRecords.length > 0) await changeRecords(dns, zone, [], removeRecords.map(toExisting), checkFence);
  const hostsByName = new Map(addRecords.map(({ name, hosts }) => [name, hosts]));
  return failures.flatMap(({ record, problem }) => buildRejections(hostsByName.get(record.name) ?? [], problem));
}

function toExisting({ id, type, name, content, proxied }: ZoneRecord): ExistingRecord {
  return { id, type: type === "A" || type === "CNAME" ? type : "AAAA", name, content, proxied };
}

function buildRejections(hosts: readonly string[], cause: string): HostIssue[] {
  const remedy = "resolve the cause; the next sync tries it again";
  return hosts.map((host) => {
    return { host, reason: "HostChangeRejected", problem: `${host} is not served: ${cause}`, remedy };
  });
}
