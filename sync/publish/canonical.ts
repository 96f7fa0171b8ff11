import { hash } from "node:crypto";
import { stringify } from "safe-stable-stringify";

/** JSON with keys in order, so that equal values have equal bytes. */
export function canonical(value: unknown): string {
  return stringify(value) ?? "null";
}

/** SHA-256, hex. */
export function digestOf(bytes: string): string {
  return hash("sha256", bytes);
}
