import type { ApiReply } from "../api-types.ts";
import { type CertificateCall, readObject } from "./certificate-call.ts";
import { certificateErrors } from "./certificate-errors.ts";
import type { CertificateZone, CustomCertificate } from "./certificate-zones.ts";
import { readCustomCertificate } from "./custom-certificates.ts";

/** Responds to `/custom_certificates`. A certificate is renewed by PATCH: removal and upload would mean downtime. */
export function handleCustomCertificates(context: CertificateCall): ApiReply | undefined {
  const { call, rest, zone, certificates, save } = context;
  const { customCertificates } = certificates;
  const [id] = rest;
  if (rest.length > 1) return undefined;
  if (id === undefined && call.method === "GET") {
    const result = customCertificates.map((item) => formatCertificate(item, zone));
    const page = Number(call.query.get("page") ?? 1);
    return { result: page === 1 ? result : [], resultInfo: { page, per_page: 20, count: result.length } };
  }
  if (id === undefined) return call.method === "POST" ? storeCertificate(context) : undefined;
  const certificate = customCertificates.find((item) => item.id === id);
  if (!certificate) return certificateErrors.unknownOrUnreadable();
  switch (call.method) {
    case "GET":
      return { result: formatCertificate(certificate, zone) };
    case "PATCH":
      return storeCertificate(context, id);
    case "DELETE":
      save({ customCertificates: customCertificates.filter((item) => item.id !== id) });
      return { result: { id } };
    default:
      return undefined;
  }
}

function storeCertificate({ call, zone, certificates, save, now }: CertificateCall, replacedId?: string): ApiReply {
  const { customCertificates } = certificates;
  const certificate = readCustomCertificate(readObject(call), zone, customCertificates, now, replacedId);
  if ("code" in certificate) return certificate;
  save({ customCertificates: [...customCertificates.filter(({ id }) => id !== replacedId), certificate] });
  return { result: formatCertificate(certificate, zone) };
}

function formatCertificate(certificate: CustomCertificate, zone: CertificateZone): object {
  return {
    id: certificate.id,
    zone_id: zone.id,
    hosts: certificate.hosts,
    issuer: certificate.issuer,
    signature: certificate.signature,
    status: "active",
    type: certificate.type,
    bundle_method: certificate.bundleMethod,
    uploaded_on: certificate.uploadedOn,
    modified_on: certificate.modifiedOn,
    expires_on: certificate.expiresOn,
    priority: 0,
  };
}
