import type { Certificates } from "../../cloudflare/certificates.ts";
import type { ZoneDetails } from "../../cloudflare/zones.ts";
import type { HostIssue } from "../hosts/model.ts";
import type { RegisteredCertificate } from "../hosts/registry.ts";
import { type UploadResult, uploadCertificates } from "./upload-certificates.ts";
import type { WantedCertificates } from "./wanted-certificates.ts";

/** The registered certificates of a zone. */
export interface ZoneCertificateRegistry {
  readonly readCertificates: () => Promise<readonly RegisteredCertificate[]>;
  readonly saveCertificates: (certificates: readonly RegisteredCertificate[], checkFence: () => void) => Promise<void>;
}

export type UploadToZone = (
  wanted: Pick<WantedCertificates, "certificates" | "keptSecrets">,
  checkFence: () => void,
) => Promise<UploadResult>;

const REPEAT_MS = 600_000;

/** Creates the upload of one zone. Unchanged certificates are compared with the zone every 10 minutes. */
export function createZoneUploads(
  client: Certificates,
  zone: ZoneDetails,
  { readCertificates, saveCertificates }: ZoneCertificateRegistry,
  graceMs: number,
  now: () => Date,
): UploadToZone {
  let last: { readonly key: string; readonly at: number; readonly issues: readonly HostIssue[] } | undefined;
  return async (wanted, checkFence) => {
    const certificates = await readCertificates();
    if (wanted.certificates.length + certificates.length === 0) return { changes: [], issues: [] };
    const buildKey = (registered: readonly RegisteredCertificate[]) =>
      JSON.stringify([wanted.certificates.map(({ secret, digest }) => [secret, digest]), registered]);
    const isUnused = certificates.some(({ unusedSince }) => unusedSince !== undefined);
    const isRecent = last && now().getTime() - last.at < REPEAT_MS && last.key === buildKey(certificates);
    if (last && isRecent && !isUnused) return { changes: [], issues: last.issues };
    const save = (next: readonly RegisteredCertificate[]) => saveCertificates(next, checkFence);
    const registry = { certificates, save };
    const result = await uploadCertificates(client, zone, wanted, registry, graceMs, now(), checkFence);
    last = { key: buildKey(await readCertificates()), at: now().getTime(), issues: result.issues };
    return result;
  };
}
