import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";

const NONE = { certPresented: "0", certVerified: "NONE", certRevoked: "0" };

// Node's names for what Cloudflare says in OpenSSL's words.
const VERIFIED: Record<string, string> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "FAILED:self signed certificate",
  SELF_SIGNED_CERT_IN_CHAIN: "FAILED:self signed certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "FAILED:unable to verify the first certificate",
  UNABLE_TO_GET_ISSUER_CERT: "FAILED:unable to verify the first certificate",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "FAILED:unable to verify the first certificate",
  CERT_NOT_YET_VALID: "FAILED:certificate is not yet valid",
  CERT_HAS_EXPIRED: "FAILED:certificate has expired",
};

/** `request.cf.tlsClientAuth`, as far as Node knows it. */
export function clientAuthOf(socket: TLSSocket): Record<string, string | boolean> {
  const certificate = socket.getPeerX509Certificate();
  return certificate ? { ...describe(certificate), certVerified: verdictOf(socket) } : NONE;
}

function describe(certificate: X509Certificate) {
  return {
    certPresented: "1",
    certRevoked: "0",
    certIssuerDN: spaced(certificate.issuer),
    certSubjectDN: spaced(certificate.subject),
    certIssuerDNRFC2253: rfc2253(certificate.issuer),
    certSubjectDNRFC2253: rfc2253(certificate.subject),
    certSerial: certificate.serialNumber,
    certFingerprintSHA1: bare(certificate.fingerprint),
    certFingerprintSHA256: bare(certificate.fingerprint256),
    certNotBefore: certificate.validFrom,
    certNotAfter: certificate.validTo,
    certRFC9440: `:${certificate.raw.toString("base64")}:`,
    certRFC9440TooLarge: false,
  };
}

function verdictOf({ authorized, authorizationError }: TLSSocket): string {
  return authorized ? "SUCCESS" : (VERIFIED[String(authorizationError)] ?? "FAILED");
}

/** Node writes "C=US\nCN=x"; Cloudflare "CN=x, C=US". */
function spaced(name: string): string {
  return name.split("\n").reverse().join(", ");
}

function rfc2253(name: string): string {
  return name.split("\n").reverse().join(",");
}

function bare(fingerprint: string): string {
  return fingerprint.replaceAll(":", "").toLowerCase();
}
