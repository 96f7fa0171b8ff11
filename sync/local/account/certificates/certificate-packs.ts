import { deriveId } from "../api-types.ts";
import { type CertificateZone, coversHost, type OrderedPack, type ZoneCertificates } from "./certificate-zones.ts";

/** A certificate pack as the API shows it. */
export interface CertificatePack {
  readonly id: string;
  readonly type: string;
  readonly hosts: readonly string[];
  readonly status: string;
  readonly certificate_authority?: string;
  readonly certificates: readonly object[];
  readonly [field: string]: unknown;
}

const DAY_MS = 86_400_000;
/** Cloudflare deletes a pack in the background. */
const DELETION_MS = 60_000;
const MAX_TOTAL_TLS_NAME = 64;

/** Returns the packs of a zone: universal, ordered, Total TLS and uploaded ones. */
export function listPacks(
  zone: CertificateZone,
  certificates: ZoneCertificates,
  issueMs: number,
  now: number,
): CertificatePack[] {
  const universal = certificates.isUniversalEnabled ? [buildUniversalPack(zone, now)] : [];
  const ordered = certificates.orderedPacks
    .filter(({ deletedAt }) => deletedAt === undefined || now < deletedAt + DELETION_MS)
    .map((pack) => formatOrderedPack(pack, issueMs, now));
  const uploaded = certificates.customCertificates.map((custom) => ({
    id: deriveId(`pack ${custom.id}`),
    type: custom.type,
    hosts: custom.hosts,
    status: "active",
    certificates: [{ id: custom.id, hosts: custom.hosts, status: "active", expires_on: custom.expiresOn }],
  }));
  return [...universal, ...ordered, ...listTotalTlsPacks(zone, certificates, issueMs, now), ...uploaded];
}

function buildUniversalPack({ id, name, type }: CertificateZone, now: number): CertificatePack {
  // A zone with the CNAME setup has no automatic certificate for its wildcard.
  const hosts = type === "partial" ? [name] : [name, `*.${name}`];
  return buildPack(deriveId(`universal ${id}`), "universal", hosts, "active", "google", now + 90 * DAY_MS);
}

function formatOrderedPack(pack: OrderedPack, issueMs: number, now: number): CertificatePack {
  const issued = now >= pack.orderedAt + issueMs ? "active" : "pending_validation";
  const status = pack.deletedAt === undefined ? issued : "pending_deletion";
  const expiresOn = pack.orderedAt + pack.validityDays * DAY_MS;
  return {
    ...buildPack(pack.id, "advanced", pack.hosts, status, pack.certificateAuthority, expiresOn),
    validation_method: pack.validationMethod,
    validity_days: pack.validityDays,
  };
}

/** Total TLS issues a certificate for each proxied name that no other automatic certificate covers. */
function listTotalTlsPacks(
  zone: CertificateZone,
  { totalTls, isUniversalEnabled, optedOutHosts }: ZoneCertificates,
  issueMs: number,
  now: number,
): CertificatePack[] {
  if (!totalTls.enabled || zone.type === "partial") return [];
  const isCovered = (host: string) =>
    isUniversalEnabled && [zone.name, `*.${zone.name}`].some((pattern) => coversHost(pattern, host));
  const status = now >= totalTls.changedAt + issueMs ? "active" : "pending_validation";
  return [...new Set(zone.proxiedNames)]
    .filter((host) => !isCovered(host) && !optedOutHosts.includes(host) && host.length <= MAX_TOTAL_TLS_NAME)
    .map((host) => {
      const id = deriveId(`total_tls ${zone.id} ${host}`);
      return buildPack(id, "total_tls", [host], status, totalTls.certificateAuthority, now + 90 * DAY_MS);
    });
}

function buildPack(
  id: string,
  type: string,
  hosts: readonly string[],
  status: string,
  authority: string,
  expiresOn: number,
): CertificatePack {
  const certificate = {
    id: deriveId(`certificate ${id}`),
    hosts,
    status,
    expires_on: new Date(expiresOn).toISOString(),
  };
  return {
    id,
    type,
    hosts,
    status,
    certificate_authority: authority,
    primary_certificate: certificate.id,
    certificates: status === "active" ? [certificate] : [],
  };
}
