import { isIP } from "node:net";
import { findZone } from "../../../src/rules/hosts.ts";
import { PROXIED_PORTS } from "../../../src/rules/proxied-ports.ts";
import { normalizeRecordName } from "../account/dns/record-names.ts";
import { findAnsweringRecords } from "../account/dns/resolve-name.ts";

/** The zones and DNS records that decide an origin's address. */
export interface DnsZones {
  zones: readonly string[];
  records(zone: string): readonly { type: string; name: string; content: string; proxied: boolean }[];
}

/** The address that Cloudflare connects to for a Worker's fetch, or the error code that it returns. */
export type DnsResolution = { address: string; port: number } | { status: number; error: number };

/**
 * Resolves a fetch as production does. An override must name a proxied record of the URL's zone. Otherwise it is silently
 * ignored, and the URL's host decides.
 */
export function resolveOrigin(url: URL, override: string | undefined, dnsZones: DnsZones): DnsResolution {
  if (isIP(url.hostname.replace(/^\[|\]$/g, ""))) return { status: 403, error: 1003 };
  const scheme = url.protocol === "https:" ? "https" : "http";
  const port = Number(url.port || PROXIED_PORTS[scheme][0]);
  // Cloudflare connects to the scheme's default port instead. No server listens there, so the connection is refused.
  if (!PROXIED_PORTS[scheme].includes(port)) return { status: 521, error: 521 };

  const hostname = normalizeRecordName(url.hostname);
  const zone = findZone(hostname, dnsZones.zones) ?? "";
  const records = dnsZones.records(zone);
  const overrideRecord =
    override === undefined ? undefined : records.find((record) => isAddressRecordOf(record, override));
  const record = overrideRecord?.proxied
    ? overrideRecord
    : findAnsweringRecords(hostname, records, zone).find(({ type }) => isAddressType(type));
  return record ? { address: record.content, port } : { status: 530, error: 1016 };
}

function isAddressRecordOf({ name, type }: { name: string; type: string }, hostname: string): boolean {
  return normalizeRecordName(name) === normalizeRecordName(hostname) && isAddressType(type);
}

function isAddressType(type: string): boolean {
  return ["A", "AAAA", "CNAME"].includes(type);
}
