import { isDeepStrictEqual } from "node:util";
import ipaddr from "ipaddr.js";
import { compareText } from "../../../src/rules/compare-text.ts";
import { buildRecordName, CATCH_ALL_HOST, findZone } from "../../../src/rules/hosts.ts";
import type { Address, HostRules, Rules } from "../../../src/rules/snapshot.ts";
import { parseNamespace } from "../../../src/rules/storage/route-id.ts";
import type { OriginRecord } from "../../cloudflare/dns.ts";
import { memoize } from "../../incremental/memoize.ts";
import { diffHosts, type HostChange } from "../guard/host-changes.ts";

/** A record that rules need. */
export interface WantedRecord extends OriginRecord {
  readonly label: string; // first label of the name
  /** Namespaces of the Services with the address, sorted. */
  readonly namespaces: readonly string[];
}

/** Rules, and the DNS records that they need. */
export interface WantedRecords {
  readonly rules: Rules;
  readonly records: ReadonlyMap<string, readonly WantedRecord[]>; // by zone
}

/** Returns the records that `rules` need. Reuses the previous ones if no host's addresses changed. */
export function updateWantedRecords(previous: WantedRecords | undefined, rules: Rules): WantedRecords {
  const isUnchanged =
    previous &&
    isDeepStrictEqual(previous.rules.zones, rules.zones) &&
    diffHosts(previous.rules.hosts, rules.hosts).every(hasSameAddresses);
  return { rules, records: isUnchanged ? previous.records : buildWantedRecords(rules) };
}

function hasSameAddresses({ before, after }: HostChange): boolean {
  return before !== undefined && after !== undefined && isDeepStrictEqual(listAddresses(before), listAddresses(after));
}

/** Returns by zone the DNS records through which the edge reaches the addresses of the zone's hosts. */
export function buildWantedRecords({ zones, hosts }: Rules): Map<string, WantedRecord[]> {
  const zonedHosts = hosts.map((rules) => ({
    // A request for the catch-all host, or for a host outside the zones, may arrive in any zone.
    zone: rules.host === CATCH_ALL_HOST ? undefined : findZone(rules.host, zones),
    addresses: listAddresses(rules),
  }));
  const findAddresses = (zone: string) =>
    zonedHosts.filter((host) => host.zone === undefined || host.zone === zone).flatMap(({ addresses }) => addresses);
  return new Map(zones.map((zone) => [zone, buildRecords(findAddresses(zone), zone)]));
}

/** Builds one record per name, because hosts share most addresses. */
function buildRecords(addresses: readonly OwnedAddress[], zone: string): WantedRecord[] {
  return [...Map.groupBy(addresses, ({ record }) => record)].map(([label, owned]) => {
    const address = owned[0]?.address ?? "";
    return {
      type: chooseRecordType(address),
      name: buildRecordName(label, zone),
      content: address,
      label,
      namespaces: [...new Set(owned.map(({ namespace }) => namespace))].toSorted(compareText),
    };
  });
}

type OwnedAddress = Address & { readonly namespace: string };

const listAddresses = memoize(({ backends }: HostRules): readonly OwnedAddress[] =>
  Object.entries(backends).flatMap(([id, { addresses }]) =>
    addresses.map((address) => ({ ...address, namespace: parseNamespace(id) })),
  ),
);

function chooseRecordType(address: string): OriginRecord["type"] {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return "A";
  return ipaddr.IPv6.isValid(address) ? "AAAA" : "CNAME";
}
