import type { ZoneRecord } from "../../cloudflare/host-records.ts";
import type { WorkersRoute } from "../../cloudflare/routes.ts";
import { findExternalDnsNames } from "./external-dns.ts";
import { ADDRESS_TYPES, type MatchedRegistry } from "./match-registry.ts";
import type { HostSettings, WantedHost, ZoneState } from "./model.ts";

const ORIGIN_RECORD = /^edgress-[0-9a-f]{24}\./;
const EDGRESS_COMMENT = /^edgress (\S+)\/host\b/;

/** Returns the comment of the records of one controller. It fits into the 100 characters of a zone with the Free plan. */
export function buildHostComment(name: string, kvNamespaceId: string): string {
  return `edgress ${name}/host ${kvNamespaceId.slice(0, 8)}`;
}

/** A zone, indexed for decisions about names. */
export interface ZoneView {
  readonly zone: string;
  readonly matched: MatchedRegistry;
  readonly routes: readonly WorkersRoute[];
  /** Records that are not ours, without those of origins. */
  readonly foreignRecords: readonly ZoneRecord[];
  /** Their address records. */
  readonly foreignAddresses: readonly ZoneRecord[];
  /** Names of records that are not ours, and all names above records, also of ours. A wildcard does not cover them. */
  readonly existingNames: ReadonlySet<string>;
  /** Returns the address records of others with this name. */
  findForeign(name: string): readonly ZoneRecord[];
  /** Returns the name at or above `name` whose NS records delegate it. */
  findDelegation(name: string): string | undefined;
  isExternalDns(name: string): boolean;
}

export function createZoneView(
  { zone, records, routes }: ZoneState,
  hosts: readonly WantedHost[],
  matched: MatchedRegistry,
  { respectsExternalDns }: HostSettings,
): ZoneView {
  const ownedIds = new Set([...matched.records.values()].map(({ record }) => record.id));
  const otherRecords = records.filter(({ id }) => !ownedIds.has(id));
  const foreignRecords = otherRecords.filter(({ name }) => !ORIGIN_RECORD.test(name));
  const foreignAddresses = foreignRecords.filter(({ type }) => ADDRESS_TYPES.includes(type));
  const foreignByName = Map.groupBy(foreignAddresses, ({ name }) => name);
  const delegations = new Set(records.filter(({ type }) => type === "NS").map(({ name }) => name));
  const knownNames = [...hosts.map(({ host }) => host), ...foreignByName.keys()];
  const externalDnsNames = respectsExternalDns
    ? findExternalDnsNames(records, knownNames, zone.name)
    : new Set<string>();
  return {
    zone: zone.name,
    matched,
    routes,
    foreignRecords,
    foreignAddresses,
    existingNames: new Set([
      ...otherRecords.flatMap(({ name }) => [name, ...listAncestors(name, zone.name)]),
      ...[...matched.records.values()].flatMap(({ record }) => listAncestors(record.name, zone.name)),
    ]),
    findForeign: (name) => foreignByName.get(name) ?? [],
    findDelegation: (name) =>
      [name, ...listAncestors(name, zone.name)].find((level) => level !== zone.name && delegations.has(level)),
    isExternalDns: (name) => externalDnsNames.has(name),
  };
}

/** Returns the names above a name, up to the zone: "a.b.example.com" has "b.example.com" and "example.com". */
export function listAncestors(name: string, zone: string): string[] {
  const labels = name.split(".");
  const count = zone === "." ? labels.length - 1 : labels.length - zone.split(".").length;
  return labels.slice(0, Math.max(0, count)).map((_, index) => labels.slice(index + 1).join("."));
}

/** Returns the controller whose comment a record has. */
export function findController({ comment }: ZoneRecord): string | undefined {
  return comment === undefined ? undefined : EDGRESS_COMMENT.exec(comment)?.[1];
}
