import { createPrivateKey, type KeyObject, randomUUID, X509Certificate } from "node:crypto";
import * as z from "zod/mini";
import { splitPemCertificates } from "../../../runtime/pem-certificates.ts";
import type { ApiReply } from "../api-types.ts";
import { certificateErrors } from "./certificate-errors.ts";
import type { CertificateZone, CustomCertificate } from "./certificate-zones.ts";

type Failure = Extract<ApiReply, { status: number }>;

/** Number of uploaded certificates by plan and type. */
const QUOTAS: Readonly<Record<CertificateZone["plan"], Readonly<Record<CustomCertificate["type"], number>>>> = {
  free: { legacy_custom: 0, sni_custom: 0 },
  pro: { legacy_custom: 0, sni_custom: 0 },
  business: { legacy_custom: 0, sni_custom: 1 },
  enterprise: { legacy_custom: 1, sni_custom: 5 },
};

const Upload = z.object({
  certificate: z.string(),
  private_key: z.string(),
  bundle_method: z._default(z.enum(["ubiquitous", "optimal", "force"]), "ubiquitous"),
  type: z._default(z.enum(["legacy_custom", "sni_custom"]), "legacy_custom"),
});

/** Returns the uploaded certificate, or why it is rejected. `replacedId` is that of the certificate that it replaces. */
export function readCustomCertificate(
  body: unknown,
  zone: CertificateZone,
  existingCertificates: readonly CustomCertificate[],
  now: number,
  replacedId?: string,
): CustomCertificate | Failure {
  const upload = z.safeParse(Upload, body);
  if (!upload.success) return certificateErrors.unknownOrUnreadable();
  const { certificate, private_key, bundle_method } = upload.data;
  const replaced = existingCertificates.find(({ id }) => id === replacedId);
  const type = replaced?.type ?? upload.data.type;
  const others = existingCertificates.filter(({ id }) => id !== replacedId);
  const chain = readChain(certificate);
  if ("code" in chain) return chain;
  const problem =
    findPairProblem(chain.leaf, private_key) ??
    findConflict(chain.leaf, zone, others) ??
    findQuotaProblem(zone, type, others);
  if (problem) return problem;
  const time = new Date(now).toISOString();
  return {
    id: replaced?.id ?? randomUUID(),
    type,
    bundleMethod: bundle_method,
    hosts: readNames(chain.leaf),
    issuer: readIssuer(chain.leaf),
    signature: findSignatureType(chain.leaf),
    fingerprint: chain.leaf.fingerprint256,
    expiresOn: new Date(chain.leaf.validTo).toISOString(),
    uploadedOn: replaced?.uploadedOn ?? time,
    modifiedOn: time,
  };
}

function readChain(text: string): { readonly leaf: X509Certificate } | Failure {
  const certificates = splitPemCertificates(text).map(parseCertificate);
  if (certificates.length === 0 || certificates.includes(undefined)) return certificateErrors.unknownOrUnreadable();
  const chain = certificates.filter((item) => item !== undefined);
  const isRoot = (item: X509Certificate) => item.ca && item.checkIssued(item);
  if (chain.every(isRoot)) return certificateErrors.rootOnly();
  if (chain.some(isRoot)) return certificateErrors.includesRoot();
  const leaf = chain.find(({ ca }) => !ca);
  return leaf ? { leaf } : certificateErrors.leafMissing();
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function findPairProblem(leaf: X509Certificate, privateKey: string): Failure | undefined {
  const key = parsePrivateKey(privateKey);
  if (!key) return certificateErrors.keyInvalid();
  return leaf.checkPrivateKey(key) ? undefined : certificateErrors.pairInvalid();
}

function parsePrivateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function findConflict(
  leaf: X509Certificate,
  zone: CertificateZone,
  others: readonly CustomCertificate[],
): Failure | undefined {
  const names = readNames(leaf);
  if (!names.some((name) => name === zone.name || name.endsWith(`.${zone.name}`)))
    return certificateErrors.nameOutsideZone();
  if (others.some(({ fingerprint }) => fingerprint === leaf.fingerprint256)) return certificateErrors.uploadedAlready();
  const signature = findSignatureType(leaf);
  const isSamePack = ({ hosts }: CustomCertificate) => [...hosts].sort().join() === [...names].sort().join();
  return others.some((other) => isSamePack(other) && other.signature === signature)
    ? certificateErrors.sameSignatureType()
    : undefined;
}

function findQuotaProblem(
  { plan }: CertificateZone,
  type: CustomCertificate["type"],
  others: readonly CustomCertificate[],
): Failure | undefined {
  const quotas = QUOTAS[plan];
  if (quotas.legacy_custom + quotas.sni_custom === 0) return certificateErrors.quotaExceeded();
  const used = others.filter((other) => other.type === type).length;
  if (used < quotas[type]) return undefined;
  return quotas[type] === 0 ? certificateErrors.typeQuotaExceeded(type) : certificateErrors.quotaExceeded();
}

function readNames({ subjectAltName = "" }: X509Certificate): string[] {
  const names = subjectAltName.split(", ").filter((entry) => entry.startsWith("DNS:"));
  return names.map((entry) => entry.slice("DNS:".length).toLowerCase());
}

function readIssuer({ issuer }: X509Certificate): string {
  return /(?:^|\n)O=([^\n]+)/.exec(issuer)?.[1] ?? /(?:^|\n)CN=([^\n]+)/.exec(issuer)?.[1] ?? "";
}

function findSignatureType({ publicKey }: X509Certificate): string {
  return publicKey.asymmetricKeyType === "ec" ? "ECDSAWithSHA256" : "SHA256WithRSA";
}
