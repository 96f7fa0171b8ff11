import { isDeepStrictEqual } from "node:util";
import ipaddr from "ipaddr.js";
import { buildRecordName, CATCH_ALL_HOST, findZone } from "../../../src/rules/hosts.ts";
import type { HostRules, Rules } from "../../../src/rules/snapshot.ts";
import type { OriginRecord } from "../../cloudflare/dns.ts";
import { memoize } from "../../incremental/memoize.ts";
import { diffHosts, type HostChange } from "../guard/host-changes.ts";

/** The records that rules need, and the rules. */
export interface WantedRecords {
  readonly rules: Rules;
  readonly records: ReadonlyMap<string, readonly OriginRecord[]>; // by zone
}

/** What `recordsOf` gives: the same records as before, where every host is reached at the addresses of before. */
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

/** The DNS records through which the edge reaches the rules' addresses, by zone: each zone has those of its own hosts. */
export function buildWantedRecords({ zones, hosts }: Rules): Map<string, OriginRecord[]> {
  const recordsByZone = new Map(zones.map((zone) => [zone, new Map<string, OriginRecord>()]));
  for (const rules of hosts) {
    const hostZone = findZone(rules.host, zones);
    // Requests for any host come through every zone, and so may those for a host in none.
    const targetZones = rules.host === CATCH_ALL_HOST || hostZone === undefined ? zones : [hostZone];
    for (const zone of targetZones) addRecords(listAddresses(rules), zone, recordsByZone.get(zone) ?? new Map());
  }
  return new Map([...recordsByZone].map(([zone, records]) => [zone, [...records.values()]]));
}

function addRecords(addresses: Addresses, zone: string, records: Map<string, OriginRecord>): void {
  for (const { address, record } of addresses) {
    if (records.has(record)) continue; // most addresses are many hosts'
    records.set(record, { type: chooseRecordType(address), name: buildRecordName(record, zone), content: address });
  }
}

type Addresses = HostRules["backends"][string]["addresses"];

const listAddresses = memoize(
  ({ backends }: HostRules): Addresses => Object.values(backends).flatMap(({ addresses }) => addresses),
);

function chooseRecordType(address: string): OriginRecord["type"] {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return "A";
  return ipaddr.IPv6.isValid(address) ? "AAAA" : "CNAME";
}
