import { isDeepStrictEqual } from "node:util";
import ipaddr from "ipaddr.js";
import { ANY_HOST, nameInZone, zoneOf } from "../../src/rules/hosts.ts";
import type { HostRules, Rules } from "../../src/rules/snapshot.ts";
import type { OriginRecord } from "../cloudflare/records.ts";
import { onceEach } from "../once-each.ts";
import { type HostChange, hostChanges } from "./host-changes.ts";

/** The records that rules need, and the rules. */
export interface Wanted {
  readonly rules: Rules;
  readonly records: ReadonlyMap<string, readonly OriginRecord[]>; // by zone
}

/** What `recordsOf` gives: the same records as before, where every host is reached at the addresses of before. */
export function recordsAfter(before: Wanted | undefined, rules: Rules): Wanted {
  const areSame =
    before &&
    isDeepStrictEqual(before.rules.zones, rules.zones) &&
    hostChanges(before.rules.hosts, rules.hosts).every(isReachedAsBefore);
  return { rules, records: areSame ? before.records : recordsOf(rules) };
}

function isReachedAsBefore({ before, after }: HostChange): boolean {
  return before !== undefined && after !== undefined && isDeepStrictEqual(addressesOf(before), addressesOf(after));
}

/** The DNS records through which the edge reaches the rules' addresses, by zone: each zone has those of its own hosts. */
export function recordsOf({ zones, hosts }: Rules): Map<string, OriginRecord[]> {
  const wanted = new Map(zones.map((zone) => [zone, new Map<string, OriginRecord>()]));
  for (const rules of hosts) {
    const own = zoneOf(rules.host, zones);
    // Requests for any host come through every zone, and so may those for a host in none.
    const through = rules.host === ANY_HOST || own === undefined ? zones : [own];
    for (const zone of through) add(addressesOf(rules), zone, wanted.get(zone) ?? new Map());
  }
  return new Map([...wanted].map(([zone, records]) => [zone, [...records.values()]]));
}

function add(addresses: Addresses, zone: string, records: Map<string, OriginRecord>): void {
  for (const { address, record } of addresses) {
    if (records.has(record)) continue; // most addresses are many hosts'
    records.set(record, { type: recordType(address), name: nameInZone(record, zone), content: address });
  }
}

type Addresses = HostRules["backends"][string]["addresses"];

const addressesOf = onceEach(
  ({ backends }: HostRules): Addresses => Object.values(backends).flatMap(({ addresses }) => addresses),
);

function recordType(address: string): OriginRecord["type"] {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return "A";
  return ipaddr.IPv6.isValid(address) ? "AAAA" : "CNAME";
}
