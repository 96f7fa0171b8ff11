import { isIP } from "node:net";
import { findZone } from "../../../src/rules/hosts.ts";
import { PROXIED_PORTS } from "../../../src/rules/proxied-ports.ts";
import { normalizeRecordName } from "../account/dns-api.ts";

/** The zones and DNS records for resolving. */
export interface DnsZones {
  zones: readonly string[];
  records(zone: string): readonly { type: string; name: string; content: string; proxied: boolean }[];
}

/** The address to which Cloudflare connects for a fetch of a Worker, or the status code of its error. */
export type DnsResolution = { address: string; port: number } | { status: number; error: number };

/**
 * Resolves a fetch as Cloudflare does. An override that is not a proxied record of the URL's zone is silently ignored,
 * and the URL's host name is used.
 */
export function resolveOrigin(url: URL, override: string | undefined, dnsZones: DnsZones): DnsResolution {
  if (isIP(url.hostname.replace(/^\[|\]$/g, ""))) return { status: 403, error: 1003 };
  const scheme = url.protocol === "https:" ? "https" : "http";
  const port = Number(url.port || PROXIED_PORTS[scheme][0]);
  // Cloudflare would use the scheme's default port instead. Nothing listens there, so the connection is refused.
  if (!PROXIED_PORTS[scheme].includes(port)) return { status: 521, error: 521 };

  const records = dnsZones.records(findZone(normalizeRecordName(url.hostname), dnsZones.zones) ?? "");
  const overrideRecord =
    override === undefined ? undefined : records.find((record) => isAddressRecordOf(record, override));
  const record = overrideRecord?.proxied
    ? overrideRecord
    : records.find((candidate) => isAddressRecordOf(candidate, url.hostname));
  return record ? { address: record.content, port } : { status: 530, error: 1016 };
}

function isAddressRecordOf({ name, type }: { name: string; type: string }, hostname: string): boolean {
  return normalizeRecordName(name) === normalizeRecordName(hostname) && ["A", "AAAA", "CNAME"].includes(type);
}
