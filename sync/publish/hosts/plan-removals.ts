import type { ZoneRecord } from "../../cloudflare/host-records.ts";
import type { WorkersRoute } from "../../cloudflare/routes.ts";
import { isOriginless } from "./match-registry.ts";
import type { HostSettings, WantedHost } from "./model.ts";
import { findCapturedNames } from "./name-decisions.ts";
import type { RegisteredRecord, RegisteredRoute } from "./registry.ts";
import { buildRoutePattern } from "./route-patterns.ts";
import type { ZoneView } from "./zone-view.ts";

/** The names whose records, and the patterns whose routes, stay. */
export interface NeededNames {
  readonly names: ReadonlySet<string>;
  readonly patterns: ReadonlySet<string>;
}

/** The entries that stay in the registry, and the records and routes to remove. */
export interface Removals {
  readonly records: readonly RegisteredRecord[];
  readonly routes: readonly RegisteredRoute[];
  readonly removeRecords: readonly ZoneRecord[];
  readonly removeRoutes: readonly WorkersRoute[];
  readonly drift: readonly string[];
  readonly waiting: number;
}

/** Plans the removal of our records and routes that no host needs, each after its grace. */
export function planRemovals(
  view: ZoneView,
  hosts: readonly WantedHost[],
  needed: NeededNames,
  { graceMs }: HostSettings,
  now: Date,
): Removals {
  const isDue = (entry: { unusedSince?: string | undefined }, name: string) =>
    now.getTime() - Date.parse(entry.unusedSince ?? now.toISOString()) >= graceMs || isHarmful(view, hosts, name);
  const markUnused = <T extends RegisteredRecord | RegisteredRoute>(entry: T): T => ({
    ...entry,
    unusedSince: entry.unusedSince ?? now.toISOString(),
  });
  const records = [...view.matched.records.values()];
  const unusedRecords = records
    .filter(({ record }) => !needed.names.has(record.name))
    .map(({ entry, record }) => ({ entry: markUnused(entry), record }));
  // The grace is over, but someone gave the record another content: it serves another purpose now.
  const editedRecords = unusedRecords.filter(({ record }) => !isOriginless(record));
  const removableRecords = unusedRecords.filter(({ record }) => isOriginless(record));
  const routes = [...view.matched.routes.values()];
  const unusedRoutes = routes
    .filter(({ route }) => !needed.patterns.has(route.pattern))
    .map(({ entry, route }) => ({ entry: markUnused(entry), route }));
  const removeRecords = removableRecords.filter(({ entry, record }) => isDue(entry, record.name));
  const removeRoutes = unusedRoutes.filter(({ entry, route }) => isDue(entry, route.pattern.replace("/*", "")));
  return {
    records: [
      ...records.filter(({ record }) => needed.names.has(record.name)).map(({ entry }) => markUsed(entry)),
      ...removableRecords.map(({ entry }) => entry),
    ],
    routes: [
      ...routes.filter(({ route }) => needed.patterns.has(route.pattern)).map(({ entry }) => markUsed(entry)),
      ...unusedRoutes.map(({ entry }) => entry),
    ],
    removeRecords: removeRecords.map(({ record }) => record),
    removeRoutes: removeRoutes.map(({ route }) => route),
    drift: editedRecords.map(({ record }) => `record ${record.name} was edited; it is not removed`),
    waiting: removableRecords.length + unusedRoutes.length - removeRecords.length - removeRoutes.length,
  };
}

/** Whether a wildcard takes requests for names of others, while each host of its level has its own record and route. */
function isHarmful(view: ZoneView, hosts: readonly WantedHost[], name: string): boolean {
  if (!name.startsWith("*.")) return false;
  const level = hosts.map(({ host }) => host).filter((host) => host.slice(host.indexOf(".")) === name.slice(1));
  const isSeparate = (host: string) =>
    view.matched.records.has(host) && view.matched.routes.has(buildRoutePattern(host));
  return findCapturedNames(view, name, new Set(level)).length > 0 && level.every(isSeparate);
}

function markUsed<T extends { readonly unusedSince?: string | undefined }>(entry: T): T {
  const { unusedSince: _, ...used } = entry;
  return used as T; // the property is optional
}
