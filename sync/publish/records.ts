import ipaddr from "ipaddr.js";
import { ANY_HOST, nameInZone, zoneOf } from "../../src/rules/hosts.ts";
import type { Rules } from "../../src/rules/snapshot.ts";
import type { OriginRecord } from "../cloudflare/records.ts";

/** The DNS records through which the edge reaches the rules' addresses, by zone: each zone has those of its own hosts. */
export function recordsOf({ zones, hosts }: Rules): Map<string, OriginRecord[]> {
  const wanted = new Map(zones.map((zone) => [zone, new Map<string, OriginRecord>()]));
  for (const { host, backends } of hosts) {
    const own = zoneOf(host, zones);
    // Requests for any host come through every zone, and so may those for a host in none.
    const through = host === ANY_HOST || own === undefined ? zones : [own];
    for (const { address, record } of Object.values(backends).flatMap(({ addresses }) => addresses)) {
      for (const zone of through) add(address, nameInZone(record, zone), wanted.get(zone));
    }
  }
  return new Map([...wanted].map(([zone, records]) => [zone, [...records.values()]]));
}

/** Once, since most addresses are those of many hosts. */
function add(content: string, name: string, records: Map<string, OriginRecord> | undefined): void {
  if (!records?.has(name)) records?.set(name, { type: recordType(content), name, content });
}

function recordType(address: string): OriginRecord["type"] {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return "A";
  return ipaddr.IPv6.isValid(address) ? "AAAA" : "CNAME";
}
