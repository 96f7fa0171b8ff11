import type { ErrorReply } from "../api-types.ts";

/** Errors of DNS records. The codes are Cloudflare's, except where a comment marks a code as unknown. */
export const dnsErrors = {
  invalidName: () => reject(9000, "DNS name is invalid."),
  addressNotAllowed: (type: string, content: string) =>
    fail(400, 9003, `Content for ${type} record is not allowed for a proxied record: ${content}`),
  typeNotProxiable: () => fail(400, 9004, "This record type cannot be proxied."),
  invalidIpv4: () => fail(400, 9005, "Content for A record is invalid. Must be a valid IPv4 address."),
  invalidIpv6: () => fail(400, 9006, "Content for AAAA record is invalid. Must be a valid IPv6 address."),
  invalidTarget: (type: string) => reject(9007, `Content for ${type} record is invalid.`),
  addressNotProxiable: () => fail(400, 9041, "This DNS record cannot be proxied."),
  invalidTtl: (minimum: number) =>
    reject(9021, `Invalid TTL. Must be between ${minimum} and 86400 seconds, or 1 for Automatic.`),
  tooManyTags: (count: number, quota: number) =>
    reject(9300, `DNS record has ${count} tags, exceeding the quota of ${quota}.`),
  // The codes of the next five are not known.
  invalidTag: (tag: string) => reject(9301, `Tag is invalid: ${tag}`),
  commentTooLong: (length: number, limit: number) =>
    reject(9302, `Comment has ${length} characters, exceeding the limit of ${limit}.`),
  commentWithNewline: () => reject(9303, "Comment must not contain a newline."),
  contentTooLong: () => reject(9304, "Content of the record exceeds the limit."),
  invalidField: (field: string) => reject(9305, `Field is invalid: ${field}`),
  recordNotFound: () => fail(404, 81044, "Record does not exist."),
  quotaExceeded: () => fail(400, 81045, "Record quota exceeded."),
  hostExists: () => fail(400, 81053, "An A, AAAA, or CNAME record with that host already exists."),
  cnameExists: () => fail(400, 81054, "A CNAME record with that host already exists."),
  nsExists: () => fail(400, 81056, "NS records with that host already exist."),
  recordExists: () => fail(400, 81057, "The record already exists."),
  identicalExists: () => fail(400, 81058, "An identical record already exists."),
  // The codes of the next two are not known.
  batchTooLarge: (limit: number) => fail(400, 81062, `Too many operations in the batch. The limit is ${limit}.`),
  readOnly: () => fail(400, 81063, "The record is managed by another product and cannot be changed."),
} as const;

function fail(status: number, code: number, message: string): ErrorReply {
  return { status, code, message };
}

/** Cloudflare has the reason of a validation in the error chain, except for that of an address. */
function reject(code: number, message: string): ErrorReply {
  return { status: 400, code: 1004, message: "DNS Validation Error", errorChain: [{ code, message }] };
}
