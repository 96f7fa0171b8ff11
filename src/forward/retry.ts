import type { RetrySettings } from "../rules/policies/retry-settings.ts";

/** The failure of an attempt that may allow a retry. */
export type RetryCondition = "error" | "timeout" | `http_${number}`;

// The non-idempotent methods of nginx. RFC 9110, 9.2.2, is stricter.
const NON_IDEMPOTENT_METHODS = ["POST", "LOCK", "PATCH"];

/**
 * Whether another address is tried. Nothing proves that a request was not sent: an origin can write every status that
 * Cloudflare uses for a failed connection.
 */
export function shouldRetry(failure: RetryCondition | undefined, method: string, { on }: RetrySettings): boolean {
  if (failure === undefined || !on.some((entry) => entry === failure)) return false;
  return on.includes("non_idempotent") || !NON_IDEMPOTENT_METHODS.includes(method);
}
