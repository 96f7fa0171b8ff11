import { isIP } from "node:net";
import { findZone } from "../../../src/rules/hosts.ts";
import { PROXIED_PORTS } from "../../../src/rules/proxied-ports.ts";
import { normalizeRecordName } from "../account/dns-api.ts";

/** What resolving looks at. */
export interface DnsZones {
  zones: readonly string[];
  records(zone: string): readonly { type: string; name: string; content: string; proxied: boolean }[];
}

/** Where Cloudflare would connect to for a Worker's fetch, or the error code it would answer with. */
export type DnsResolution = { address: string; port: number } | { status: number; error: number };

/**
 * Resolves a fetch as production does. An override that names no proxied record of the URL's own zone is ignored without
 * a word; then the URL's own name decides.
 */
export function resolveOrigin(url: URL, override: string | undefined, dnsZones: DnsZones): DnsResolution {
  if (isIP(url.hostname.replace(/^\[|\]$/g, ""))) return { status: 403, error: 1003 };
  const scheme = url.protocol === "https:" ? "https" : "http";
  const port = Number(url.port || PROXIED_PORTS[scheme][0]);
  // Cloudflare would go to the scheme's own port instead; nothing listens there for this request, so it is refused.
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
