import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";

const NO_CERTIFICATE = { certPresented: "0", certVerified: "NONE", certRevoked: "0" };

// Node's error codes, and the OpenSSL messages that Cloudflare shows for them.
const OPENSSL_RESULTS: Record<string, string> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "FAILED:self signed certificate",
  SELF_SIGNED_CERT_IN_CHAIN: "FAILED:self signed certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "FAILED:unable to verify the first certificate",
  UNABLE_TO_GET_ISSUER_CERT: "FAILED:unable to verify the first certificate",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "FAILED:unable to verify the first certificate",
  CERT_NOT_YET_VALID: "FAILED:certificate is not yet valid",
  CERT_HAS_EXPIRED: "FAILED:certificate has expired",
};

/** Builds `request.cf.tlsClientAuth` from the fields that Node provides. */
export function buildClientAuth(socket: TLSSocket): Record<string, string | boolean> {
  const certificate = socket.getPeerX509Certificate();
  return certificate
    ? { ...describeCertificate(certificate), certVerified: formatVerification(socket) }
    : NO_CERTIFICATE;
}

function describeCertificate(certificate: X509Certificate) {
  return {
    certPresented: "1",
    certRevoked: "0",
    certIssuerDN: formatDistinguishedName(certificate.issuer),
    certSubjectDN: formatDistinguishedName(certificate.subject),
    certIssuerDNRFC2253: formatRfc2253Name(certificate.issuer),
    certSubjectDNRFC2253: formatRfc2253Name(certificate.subject),
    certSerial: certificate.serialNumber,
    certFingerprintSHA1: normalizeFingerprint(certificate.fingerprint),
    certFingerprintSHA256: normalizeFingerprint(certificate.fingerprint256),
    certNotBefore: certificate.validFrom,
    certNotAfter: certificate.validTo,
    certRFC9440: `:${certificate.raw.toString("base64")}:`,
    certRFC9440TooLarge: false,
  };
}

function formatVerification({ authorized, authorizationError }: TLSSocket): string {
  return authorized ? "SUCCESS" : (OPENSSL_RESULTS[String(authorizationError)] ?? "FAILED");
}

/** Node writes "C=US\nCN=x"; Cloudflare "CN=x, C=US". */
function formatDistinguishedName(name: string): string {
  return name.split("\n").reverse().join(", ");
}

function formatRfc2253Name(name: string): string {
  return name.split("\n").reverse().join(",");
}

function normalizeFingerprint(fingerprint: string): string {
  return fingerprint.replaceAll(":", "").toLowerCase();
}
