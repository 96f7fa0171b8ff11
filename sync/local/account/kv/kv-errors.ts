import type { ErrorReply } from "../api-types.ts";

/** Errors of the KV API. Cloudflare documents no code for the limits of keys and values; they have 10012. */
export const kvErrors = {
  keyNotFound: () => fail(404, 10009, "get: 'key not found'"),
  invalidRequest: (problem: string) => fail(400, 10012, problem),
  tooLarge: (problem: string) => fail(413, 10012, problem),
  namespaceNotFound: () => fail(404, 10013, "get namespace: 'namespace not found'"),
  titleTaken: () => fail(400, 10014, "create namespace: 'a namespace with this account ID and title already exists'"),
  titleMissing: () => fail(400, 10019, "create namespace: 'namespace title is required'"),
  noKeys: () => fail(400, 10029, "bulk get: 'no keys'"),
  expirationTooEarly: () => fail(400, 10034, "put: 'expiration must be at least 60 seconds in the future'"),
  quotaUsedUp: () => fail(429, 10048, "your account has used up its free KV operations of today"),
  writtenTooOften: (key: string) => fail(429, 971, `put: 'more than 1 write per second to ${key}'`),
  invalidIdentifier: (id: string) =>
    fail(400, 7003, `Could not route to /storage/kv/namespaces/${id}, perhaps your object identifier is invalid?`),
  emptyIdentifier: () => fail(405, 10405, "Method not allowed for this path"),
} as const;

function fail(status: number, code: number, message: string): ErrorReply {
  return { status, code, message };
}
