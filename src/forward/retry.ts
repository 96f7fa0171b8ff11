import type { RetrySettings } from "../rules/policies/retry-settings.ts";

/** The failure of an attempt that may allow a retry. "http_52x": Cloudflare's report that the origin did not respond. */
export type RetryCondition = "error" | "timeout" | "http_52x" | `http_${number}`;

// The non-idempotent methods of nginx. RFC 9110, 9.2.2, is stricter.
const NON_IDEMPOTENT_METHODS = ["POST", "LOCK", "PATCH"];

/**
 * Whether another address is tried. A status never proves that a request was not processed: an origin can write every
 * status that Cloudflare uses for a failed connection. So only a condition that names a status allows a retry after it.
 */
export function shouldRetry(failure: RetryCondition | undefined, method: string, { on }: RetrySettings): boolean {
  if (failure === undefined || !on.some((entry) => entry === failure)) return false;
  return on.includes("non_idempotent") || !NON_IDEMPOTENT_METHODS.includes(method);
}

/** Whether a failure shows that the address may not be reachable. Every other status is a response. */
export function isAddressFailure(failure: RetryCondition): boolean {
  return failure === "error" || failure === "timeout" || failure === "http_52x";
}
