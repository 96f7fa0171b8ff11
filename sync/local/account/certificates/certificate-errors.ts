import type { ApiReply } from "../api-types.ts";

/** Errors of the certificate endpoints. The codes are Cloudflare's, except for 1400, which is a guess. */
export const certificateErrors = {
  unknownOrUnreadable: () => fail(1002, "Could not parse the certificate, or unknown certificate identifier."),
  quotaExceeded: () => fail(1212, "You have reached the maximum number of custom certificates."),
  uploadedAlready: () => fail(1220, "The certificate has already been submitted."),
  sameSignatureType: () => fail(1228, "A certificate with this signature type exists already in the pack."),
  orderInvalid: (problem: string) => fail(1400, problem),
  deletionRunning: () => fail(1406, "The certificate pack is being deleted."),
  rootOnly: () => fail(1411, "The certificate is a root certificate."),
  advancedRequired: () => fail(1450, "Advanced Certificate Manager is required."),
  noChange: () => fail(1467, "The setting is unchanged."),
  jobRunning: () => fail(1482, "The former change is still running."),
  keyInvalid: () => fail(2106, "Invalid private key. Check the format of the key."),
  includesRoot: () => fail(2100, "The bundle must not include the root certificate."),
  leafMissing: () => fail(2101, "The bundle has no leaf certificate."),
  nameOutsideZone: () => fail(2103, "The certificate has no name of this zone."),
  pairInvalid: () => fail(2200, "The certificate and the private key do not match."),
  typeQuotaExceeded: (type: string) => fail(2005, `Quota of certificates with the type ${type} exceeded.`),
  packNotFound: () => ({ status: 404, code: 1401, message: "Certificate pack not found." }),
} as const;

type Failure = Extract<ApiReply, { status: number }>;

function fail(code: number, message: string): Failure {
  return { status: 400, code, message };
}
