import { X509Certificate } from "node:crypto";
import type { Certificate } from "../../sync/local/network/certificates.ts";
import type { SecretObject } from "./watch-objects.ts";

/**
 * Returns the certificates of TLS Secrets by the names they are issued for, as Cloudflare selects an uploaded one. It serves
 * none for the bare name "*".
 */
export function collectSecretCertificates(secrets: readonly SecretObject[]): Map<string, Certificate> {
  const certificates = new Map<string, Certificate>();
  for (const { type, data } of secrets) {
    if (type !== "kubernetes.io/tls") continue;
    const cert = decodeBase64(data["tls.crt"]);
    const key = decodeBase64(data["tls.key"]);
    for (const name of listNames(cert)) certificates.set(name, { cert, key });
  }
  return certificates;
}

function decodeBase64(text = ""): string {
  return Buffer.from(text, "base64").toString();
}

function listNames(cert: string): string[] {
  try {
    const names = new X509Certificate(cert).subjectAltName ?? "";
    return [...names.matchAll(/DNS:([^,\s]+)/g)].flatMap(([, name = ""]) => (name === "*" ? [] : [name]));
  } catch {
    return []; // some tests create malformed ones
  }
}
