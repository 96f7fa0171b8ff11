import { errorMessage } from "../../../src/rules/error-message.ts";
import { findZone } from "../../../src/rules/hosts.ts";
import type { Certificates } from "../../cloudflare/certificates.ts";
import type { Zone } from "../../cloudflare/dns.ts";
import { createExpiringCache, type ExpiringCache } from "../dns/expiring-cache.ts";
import type { HostIssue } from "../hosts/model.ts";
import { type CertificateState, findUncoveredHosts, type HttpsHost } from "./coverage.ts";

/** The issues of https hosts, and the zones that were not checked. */
export interface CertificateReport {
  readonly issues: readonly HostIssue[];
  readonly warnings: readonly string[];
}

/** Compares https hosts with the certificates of their zones. */
export interface CertificateCheck {
  /** It never rejects: a zone that fails becomes a warning. */
  check(hosts: readonly HttpsHost[]): Promise<CertificateReport>;
}

const CACHE_TTL_MS = 300_000;

type ReadCertificates = Pick<Certificates, "listPacks" | "hasTotalTls">;
type CheckedZone = { readonly certificates: CertificateState } | { readonly problem: string };

/** Creates the check. It reads the certificates of a zone again after 5 minutes. */
export function createCertificateCheck(
  certificates: ReadCertificates,
  listZones: () => Promise<readonly Zone[]>,
  now: () => Date,
): CertificateCheck {
  const caches = new Map<string, ExpiringCache<CheckedZone>>();
  const readZone = (zone: Zone) => {
    const cache =
      caches.get(zone.id) ??
      createExpiringCache(
        () => now().getTime(),
        CACHE_TTL_MS,
        () => readZoneCertificates(certificates, zone),
      );
    caches.set(zone.id, cache);
    return cache.get();
  };
  return {
    async check(hosts) {
      const zones = await listZones().catch(() => []); // the sync of hosts reports the failure
      const names = zones.map(({ name }) => name);
      const hostsByZone = Map.groupBy(hosts, ({ host }) => findZone(host, names));
      const reports: CertificateReport[] = [];
      for (const zone of zones) {
        const zoneHosts = hostsByZone.get(zone.name);
        if (zoneHosts) reports.push(buildReport(zone.name, zoneHosts, await readZone(zone)));
      }
      return {
        issues: reports.flatMap(({ issues }) => issues),
        warnings: reports.flatMap(({ warnings }) => warnings),
      };
    },
  };
}

async function readZoneCertificates(certificates: ReadCertificates, zone: Zone): Promise<CheckedZone> {
  try {
    const packs = await certificates.listPacks(zone);
    const hasTotalTls = await certificates.hasTotalTls(zone).catch(() => false); // the plan may not have it
    return { certificates: { packs, hasTotalTls } };
  } catch (error) {
    return { problem: errorMessage(error) };
  }
}

function buildReport(zone: string, hosts: readonly HttpsHost[], checkedZone: CheckedZone): CertificateReport {
  if ("certificates" in checkedZone)
    return { issues: findUncoveredHosts(zone, hosts, checkedZone.certificates), warnings: [] };
  return { issues: [], warnings: [`certificates of zone ${zone} were not checked: ${checkedZone.problem}`] };
}
