import ipaddr from "ipaddr.js";
import type { ZoneRecord } from "../../cloudflare/host-records.ts";
import type { WorkersRoute } from "../../cloudflare/routes.ts";
import { type HostSettings, ORIGINLESS, type WantedHost, type ZoneState } from "./model.ts";
import type { RegisteredRecord, RegisteredRoute } from "./registry.ts";

/** Types that answer a request for an address. Records of other types may have the name of a host. */
export const ADDRESS_TYPES = ["A", "AAAA", "CNAME"];

export interface OwnedRecord {
  readonly entry: RegisteredRecord;
  readonly record: ZoneRecord;
}

export interface OwnedRoute {
  readonly entry: RegisteredRoute;
  readonly route: WorkersRoute;
}

/** The registry, compared with the zone. Only the owned records and routes are ours. */
export interface MatchedRegistry {
  readonly records: ReadonlyMap<string, OwnedRecord>; // by name
  readonly routes: ReadonlyMap<string, OwnedRoute>; // by pattern
  /** Entries whose record or route someone else deleted. */
  readonly lostRecords: ReadonlyMap<string, RegisteredRecord>;
  readonly lostRoutes: ReadonlyMap<string, RegisteredRoute>;
  /** Entries whose record or route is no longer ours, because someone else took the mark or the script away. */
  readonly disowned: readonly string[];
}

/**
 * Compares the registry with the zone. A record is ours if its id, name and comment are those of the registry; a route if
 * its id, pattern and script are. An entry without an id is from an interrupted creation: its record or route is found by
 * name. A record with our comment and content for a wanted host is ours too, because the registry may be older than it.
 */
export function matchRegistry(
  { records, routes, registry }: ZoneState,
  hosts: readonly WantedHost[],
  { comment, script }: HostSettings,
  now: Date,
): MatchedRegistry {
  const isMarked = (record: ZoneRecord) => record.comment === comment && ADDRESS_TYPES.includes(record.type);
  const recordsById = new Map(records.map((record) => [record.id, record]));
  const ourRecords = new Map(
    records.filter((record) => isMarked(record) && isOriginless(record)).map((record) => [record.name, record]),
  );
  const wantedNames = new Set(hosts.flatMap(({ host }) => [host, toWildcard(host)]));
  const registeredNames = new Set(registry.records.map(({ name }) => name));
  const adopted = [...ourRecords.values()]
    .filter(({ name }) => wantedNames.has(name) && !registeredNames.has(name))
    .map(({ id, name }): RegisteredRecord => ({ id, name, since: now.toISOString() }));
  const recordMatches = [...registry.records, ...adopted].map((entry) => {
    const registered = recordsById.get(entry.id ?? "");
    const isOurs = (record: ZoneRecord) => record.name === entry.name && isMarked(record);
    const ours = registered && isOurs(registered) ? registered : ourRecords.get(entry.name);
    return { entry, found: ours ?? registered, isOurs: ours !== undefined };
  });
  const routeMatches = registry.routes.map((entry) => {
    const route = routes.find(({ id, pattern }) => (entry.id === null ? pattern === entry.pattern : id === entry.id));
    const expectedScript = entry.id === null ? script : entry.script;
    return { entry, found: route, isOurs: route?.pattern === entry.pattern && route.script === expectedScript };
  });
  const [ourEntries, ourRoutes] = [select(recordMatches), select(routeMatches)];
  return {
    records: new Map(ourEntries.owned.map(({ entry, found }) => [entry.name, { entry, record: found }])),
    routes: new Map(ourRoutes.owned.map(({ entry, found }) => [entry.pattern, { entry, route: found }])),
    lostRecords: new Map(ourEntries.lost.map((entry) => [entry.name, entry])),
    lostRoutes: new Map(ourRoutes.lost.map((entry) => [entry.pattern, entry])),
    disowned: [
      ...ourEntries.disowned.map(({ name }) => `record ${name}`),
      ...ourRoutes.disowned.map(({ pattern }) => `route ${pattern}`),
    ],
  };
}

interface Match<Entry, Found> {
  readonly entry: Entry;
  readonly found: Found | undefined;
  readonly isOurs: boolean;
}

/** Splits entries: ours with the id of the found object, deleted ones, and those that someone else changed. */
function select<Entry extends { readonly id: string | null }, Found extends { readonly id: string }>(
  matches: readonly Match<Entry, Found>[],
) {
  const owned = matches.flatMap(({ entry, found, isOurs }) =>
    found && isOurs ? [{ entry: { ...entry, id: found.id }, found }] : [],
  );
  const lost = matches.flatMap(({ entry, found }) => (found === undefined && entry.id !== null ? [entry] : []));
  const disowned = matches.flatMap(({ entry, found, isOurs }) => (found && !isOurs ? [entry] : []));
  return { owned, lost, disowned };
}

/** Whether a record has the type and content of our records, and is proxied. */
export function isOriginless({ type, content, proxied }: Omit<ZoneRecord, "id" | "name" | "comment">): boolean {
  if (type !== ORIGINLESS.type || !proxied || !ipaddr.IPv6.isValid(content)) return false;
  return ipaddr.IPv6.parse(content).toString() === ORIGINLESS.content;
}

/** Returns the wildcard of a host's level: "*.example.com" for "shop.example.com". */
export function toWildcard(host: string): string {
  return `*${host.slice(Math.max(0, host.indexOf(".")))}`;
}
