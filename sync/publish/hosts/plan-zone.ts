import { compareText } from "../../../src/rules/compare-text.ts";
import { type DecidedName, decideNames, listIssues } from "./decide-names.ts";
import { isOriginless, type MatchedRegistry, matchRegistry } from "./match-registry.ts";
import {
  type AddedRecord,
  type AddedRoute,
  type HostSettings,
  ORIGINLESS,
  type WantedHost,
  type ZoneHostPlan,
  type ZoneState,
} from "./model.ts";
import { type NeededNames, planRemovals } from "./plan-removals.ts";
import type { ZoneRegistry } from "./registry.ts";
import { buildRoutePattern } from "./route-patterns.ts";
import { admitNames } from "./zone-quota.ts";
import { createZoneView } from "./zone-view.ts";

/**
 * Plans the records and routes of a zone's hosts. Pure: it only adds names that no one else has, and only removes or
 * replaces records and routes that are ours by the registry and by their mark or script.
 */
export function planZone(
  state: ZoneState,
  hosts: readonly WantedHost[],
  settings: HostSettings,
  now: Date,
): ZoneHostPlan {
  const matched = matchRegistry(state, hosts, settings, now);
  const view = createZoneView(state, hosts, matched, settings);
  const decided = decideNames(view, hosts, settings);
  const admitted = admitNames(decided, state, settings);
  const addRecords = admitted.names.flatMap(buildRecord);
  const addRoutes = admitted.names.flatMap(buildRoute);
  const needed: NeededNames = {
    names: new Set(decided.flatMap(({ name, record }) => (record ? [name] : []))),
    patterns: new Set(decided.flatMap(({ name, route }) => (route ? [buildRoutePattern(name)] : []))),
  };
  const { records, routes, drift, ...removals } = planRemovals(view, hosts, needed, settings, now);
  const since = now.toISOString();
  const newEntries = addRecords.filter(({ replaced }) => !replaced).map(({ name }) => ({ id: null, name, since }));
  const newRoutes = addRoutes.map(({ pattern }) => ({ id: null, pattern, script: settings.script, since }));
  const lost = settings.drift === "report" ? findLost(matched, needed) : { records: [], routes: [] };
  return {
    ...{ addRecords, addRoutes, ...removals, postponed: admitted.postponed },
    registry: {
      records: [...records, ...lost.records, ...newEntries],
      routes: [...routes, ...lost.routes, ...newRoutes],
      certificates: state.registry.certificates,
    },
    issues: [...listIssues(decided), ...admitted.issues],
    drift: [...describeDrift(matched, needed), ...drift],
  };
}

/**
 * Returns the registry after a change: `registry` with the ids of the records and routes that exist now. Entries without
 * a record or route are dropped, except lost ones that are only reported.
 */
export function settleRegistry(
  state: ZoneState,
  hosts: readonly WantedHost[],
  settings: HostSettings,
  now: Date,
): ZoneRegistry {
  const { records, routes, lostRecords, lostRoutes } = matchRegistry(state, hosts, settings, now);
  const isReported = settings.drift === "report";
  return {
    records: [...[...records.values()].map(({ entry }) => entry), ...(isReported ? lostRecords.values() : [])],
    routes: [...[...routes.values()].map(({ entry }) => entry), ...(isReported ? lostRoutes.values() : [])],
    certificates: state.registry.certificates,
  };
}

function buildRecord({ name, hosts, record }: DecidedName): AddedRecord[] {
  if (record?.type !== "add") return [];
  const namespaces = [...new Set(hosts.flatMap((wanted) => wanted.namespaces))].toSorted(compareText);
  return [{ ...ORIGINLESS, name, hosts: hosts.map(({ host }) => host), namespaces, replaced: record.replaced }];
}

function buildRoute({ name, hosts, route }: DecidedName): AddedRoute[] {
  if (route?.type !== "add") return [];
  return [{ pattern: buildRoutePattern(name), hosts: hosts.map(({ host }) => host) }];
}

/** Returns the needed entries whose record or route someone else deleted. They stay registered while this is reported. */
function findLost({ lostRecords, lostRoutes }: MatchedRegistry, { names, patterns }: NeededNames) {
  return {
    records: [...lostRecords.values()].filter(({ name }) => names.has(name)),
    routes: [...lostRoutes.values()].filter(({ pattern }) => patterns.has(pattern)),
  };
}

function describeDrift(matched: MatchedRegistry, needed: NeededNames): string[] {
  const lost = findLost(matched, needed);
  const edited = [...matched.records.values()].filter(({ record }) => needed.names.has(record.name));
  return [
    ...lost.records.map(({ name }) => `record ${name} was deleted`),
    ...edited.filter(({ record }) => !isOriginless(record)).map(({ record }) => `record ${record.name} was edited`),
    ...lost.routes.map(({ pattern }) => `route ${pattern} was deleted`),
    ...matched.disowned.map((text) => `${text} was changed by someone else; it is no longer managed`),
  ];
}
