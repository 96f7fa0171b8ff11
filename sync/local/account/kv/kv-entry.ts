import type { ErrorReply } from "../api-types.ts";
import { kvErrors } from "./kv-errors.ts";

/** A value with its metadata and expiration. */
export interface KvValue {
  readonly value: Buffer;
  /** JSON of up to 1,024 bytes. */
  readonly metadata?: unknown;
  /** Seconds since 1970. */
  readonly expiration?: number;
}

export interface KvWrite extends KvValue {
  readonly key: string;
}

/** The fields of a write as the API gets them. */
export interface KvWriteRequest {
  readonly key: string;
  readonly value: Buffer;
  readonly metadata?: unknown;
  readonly expiration?: number | undefined;
  readonly expirationTtl?: number | undefined;
}

// https://developers.cloudflare.com/kv/platform/limits/
const MAX_VALUE_BYTES = 25 * 1024 * 1024;
const MAX_KEY_BYTES = 512;
const MAX_METADATA_BYTES = 1024;
const MIN_TTL_SECONDS = 60;

/** Returns the entry of a write request, or the first limit that it exceeds. */
export function checkWrite(request: KvWriteRequest, nowMs: number): KvWrite | ErrorReply {
  const { key, value, metadata } = request;
  const expiration = findExpiration(request, nowMs);
  const keyProblem = findKeyProblem(key);
  if (keyProblem) return keyProblem;
  if (value.length > MAX_VALUE_BYTES) return kvErrors.tooLarge(`put: 'value of ${key} is larger than 25 MiB'`);
  if (metadata !== undefined && Buffer.byteLength(JSON.stringify(metadata)) > MAX_METADATA_BYTES)
    return kvErrors.tooLarge(`put: 'metadata of ${key} is larger than 1024 bytes'`);
  if (expiration !== undefined && !(expiration >= nowMs / 1000 + MIN_TTL_SECONDS)) return kvErrors.expirationTooEarly();
  return {
    key,
    value,
    ...(metadata !== undefined && metadata !== null && { metadata }),
    ...(expiration !== undefined && { expiration: Math.floor(expiration) }),
  };
}

/** The TTL overrides the time. A TTL below the minimum stays below it after rounding. */
function findExpiration({ expiration, expirationTtl }: KvWriteRequest, nowMs: number): number | undefined {
  return expirationTtl === undefined ? expiration : nowMs / 1000 + expirationTtl;
}

/** Returns the limit that a key exceeds. */
export function findKeyProblem(key: string): ErrorReply | undefined {
  if (key === "" || key === "." || key === "..") return kvErrors.invalidRequest(`key not allowed: '${key}'`);
  return Buffer.byteLength(key) > MAX_KEY_BYTES
    ? kvErrors.invalidRequest(`key longer than ${MAX_KEY_BYTES} bytes: '${key.slice(0, 20)}…'`)
    : undefined;
}
