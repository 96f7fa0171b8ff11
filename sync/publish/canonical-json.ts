import { hash } from "node:crypto";
import { stringify } from "safe-stable-stringify";

/** Returns JSON with sorted keys, so that equal values have equal bytes. */
export function toCanonicalJson(value: unknown): string {
  return stringify(value) ?? "null";
}

/** Returns the SHA-256 digest in hex. */
export function computeDigest(bytes: string | Uint8Array): string {
  return hash("sha256", bytes);
}
