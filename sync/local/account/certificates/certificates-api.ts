import type { ApiReply, LocalApi } from "../api-types.ts";
import { type CertificateCall, readObject } from "./certificate-call.ts";
import { certificateErrors } from "./certificate-errors.ts";
import { type CertificateZone, NEW_ZONE_CERTIFICATES, type ZoneCertificates } from "./certificate-zones.ts";
import { handleCustomCertificates } from "./custom-certificate-calls.ts";
import { handlePacks } from "./pack-calls.ts";

export interface CertificatesOptions {
  readonly findZone: (id: string) => CertificateZone | undefined;
  /** Milliseconds until an ordered certificate is active. */
  readonly issueMs?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Milliseconds that a change of Total TLS takes. */
const TOTAL_TLS_JOB_MS = 10_000;
const AUTHORITIES = ["google", "lets_encrypt", "ssl_com"];

/** Creates the endpoints of certificate packs, Universal SSL, Total TLS and uploaded certificates. */
export function createCertificatesApi({ findZone, issueMs = 0, now = Date.now }: CertificatesOptions): LocalApi {
  const certificatesByZone = new Map<string, ZoneCertificates>();
  return (call) => {
    const [zones, zoneId = "", product = "", collection = "", ...rest] = call.path;
    const zone = zones === "zones" ? findZone(zoneId) : undefined;
    if (!zone) return undefined;
    const certificates = certificatesByZone.get(zone.id) ?? NEW_ZONE_CERTIFICATES;
    const save = (change: Partial<ZoneCertificates>) => {
      certificatesByZone.set(zone.id, { ...certificates, ...change });
    };
    const context = { call, zone, certificates, save, issueMs, now: now() };
    switch (`${product}/${collection}`) {
      case "ssl/certificate_packs":
        return handlePacks({ ...context, rest });
      case "ssl/universal":
        return handleUniversal({ ...context, rest });
      case "acm/total_tls":
        return handleTotalTls({ ...context, rest });
      default:
        return product === "custom_certificates"
          ? handleCustomCertificates({ ...context, rest: call.path.slice(3) })
          : undefined;
    }
  };
}

/** Shows or changes whether the zone has automatic certificates: `/ssl/universal/settings`. */
function handleUniversal({ call, rest, certificates, save }: CertificateCall): ApiReply | undefined {
  if (rest[0] !== "settings" || rest.length > 1) return undefined;
  if (call.method === "GET") return { result: { enabled: certificates.isUniversalEnabled } };
  if (call.method !== "PATCH") return undefined;
  const enabled = readObject(call)?.enabled;
  if (typeof enabled !== "boolean") return certificateErrors.orderInvalid("enabled must be true or false");
  save({ isUniversalEnabled: enabled });
  return { result: { enabled } };
}

/** Shows or changes Total TLS: `/acm/total_tls`. */
function handleTotalTls({ call, rest, zone, certificates, save, now }: CertificateCall): ApiReply | undefined {
  if (rest.length > 0) return undefined;
  const { totalTls } = certificates;
  if (call.method === "GET")
    return { result: { enabled: totalTls.enabled, certificate_authority: totalTls.certificateAuthority } };
  if (call.method !== "POST") return undefined;
  const { enabled, certificate_authority: authority = totalTls.certificateAuthority } = readObject(call) ?? {};
  if (!zone.hasAdvancedCertificates) return certificateErrors.advancedRequired();
  if (typeof enabled !== "boolean" || typeof authority !== "string" || !AUTHORITIES.includes(authority))
    return certificateErrors.orderInvalid(
      `enabled must be true or false, and the authority one of ${AUTHORITIES.join()}`,
    );
  if (now < totalTls.changedAt + TOTAL_TLS_JOB_MS) return certificateErrors.jobRunning();
  if (enabled === totalTls.enabled && authority === totalTls.certificateAuthority) return certificateErrors.noChange();
  save({ totalTls: { enabled, certificateAuthority: authority, changedAt: now } });
  return { result: { enabled, certificate_authority: authority, validity_period: 90 } };
}
