import type Cloudflare from "cloudflare";
import type { Zone } from "./dns.ts";
import { readChangeRejection } from "./rejections.ts";

/** Certificates of a zone that are issued and renewed together. */
export interface ZonePack {
  readonly hosts: readonly string[];
  readonly status: string; // only "active" serves
}

/** A certificate that was uploaded to a zone. It carries no mark of an owner. */
export interface UploadedCertificate {
  readonly id: string;
  readonly hosts: readonly string[];
  readonly status: string;
  readonly expiresOn: string | undefined;
}

/** A certificate with its key, in PEM. The key must not be logged or stored. */
export interface CertificateWithKey {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Operations on the certificates of a zone. */
export interface Certificates {
  /** Lists the packs of every status. */
  listPacks(zone: Zone): Promise<ZonePack[]>;
  /** Whether Total TLS orders a certificate for each proxied name. */
  hasTotalTls(zone: Zone): Promise<boolean>;
  listUploaded(zone: Zone): Promise<UploadedCertificate[]>;
  /** Rejects with a `ChangeRejectedError` if Cloudflare rejects the certificate. */
  upload(zone: Zone, certificate: CertificateWithKey): Promise<UploadedCertificate>;
  /** Replaces a certificate without downtime. The new one has another id. */
  replace(zone: Zone, id: string, certificate: CertificateWithKey): Promise<UploadedCertificate>;
  remove(zone: Zone, id: string): Promise<void>;
}

/** Creates a client of certificates through the REST API. */
export function createCertificates(client: Cloudflare): Certificates {
  const rejectClearly = (error: unknown) => {
    throw readChangeRejection(error, "certificate") ?? error;
  };
  return {
    async listPacks({ id }) {
      const packs: ZonePack[] = [];
      const query = { zone_id: id, status: "all" as const }; // else only active packs are listed
      for await (const { hosts, status } of client.ssl.certificatePacks.list(query)) packs.push({ hosts, status });
      return packs;
    },
    hasTotalTls: async ({ id }) => (await client.acm.totalTLS.get({ zone_id: id })).enabled === true,
    async listUploaded({ id }) {
      const certificates: UploadedCertificate[] = [];
      for await (const uploaded of client.customCertificates.list({ zone_id: id }))
        certificates.push(readUploaded(uploaded));
      return certificates;
    },
    upload: ({ id }, { certificate, privateKey }) =>
      client.customCertificates
        .create({ zone_id: id, certificate, private_key: privateKey, type: "sni_custom", bundle_method: "ubiquitous" })
        .then(readUploaded, rejectClearly),
    replace: ({ id: zoneId }, id, { certificate, privateKey }) =>
      client.customCertificates
        .edit(id, { zone_id: zoneId, certificate, private_key: privateKey, bundle_method: "ubiquitous" })
        .then(readUploaded, rejectClearly),
    async remove({ id: zoneId }, id) {
      await client.customCertificates.delete(id, { zone_id: zoneId });
    },
  };
}

function readUploaded({
  id,
  hosts = [],
  status = "active",
  expires_on,
}: Cloudflare.CustomCertificates.CustomCertificate) {
  return { id, hosts, status, expiresOn: expires_on };
}
