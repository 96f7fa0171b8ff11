import { hash } from "node:crypto";
import { stringify } from "safe-stable-stringify";

/** JSON with keys in order, so that equal values have equal bytes. */
export function toCanonicalJson(value: unknown): string {
  return stringify(value) ?? "null";
}

/** SHA-256, hex. */
export function computeDigest(bytes: string): string {
  return hash("sha256", bytes);
}
