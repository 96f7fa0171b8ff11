import { DEFAULT_RETRY, type RetrySettings } from "../rules/policies/retry-settings.ts";

/** The failure of an attempt that may allow a retry. "http_52x": Cloudflare's report that the origin did not respond. */
export type RetryCondition = "error" | "timeout" | "http_52x" | `http_${number}`;

// The non-idempotent methods of nginx. RFC 9110, 9.2.2, is stricter.
const NON_IDEMPOTENT_METHODS = ["POST", "LOCK", "PATCH"];

/**
 * Whether another address is tried. A status never proves that a request was not processed: an origin can write every
 * status that Cloudflare uses for a failed connection. So only a condition that names a status allows a retry after it.
 */
export function shouldRetry(failure: RetryCondition | undefined, method: string, retry: RetrySettings): boolean {
  const { on, codes = [] } = retry;
  if (failure === undefined) return false;
  if (!on.some((entry) => entry === failure) && !codes.some((code) => failure === `http_${code}`)) return false;
  return on.includes("non_idempotent") || !NON_IDEMPOTENT_METHODS.includes(method);
}

/** Returns the maximum number of attempts for a backend with `count` addresses. */
export function countTries({ tries, sameAddress }: RetrySettings, count: number): number {
  if (sameAddress) return tries;
  return tries === 0 ? count : Math.min(tries, count);
}

/**
 * Whether another attempt may follow the attempt number `tries`. The first attempt with default settings is excluded,
 * because a signal for each request costs much, and a request keeps only this one connection too long.
 */
export function mayBeFollowed(retry: RetrySettings, tries: number, maxTries: number): boolean {
  return tries < maxTries && (tries > 1 || retry !== DEFAULT_RETRY);
}

/** Whether there is time for one more attempt. Times are in milliseconds since 1970. */
export function hasTime(
  { withinMs, backoffMs = 0 }: RetrySettings,
  startedAt: number,
  deadline: number | undefined,
): boolean {
  const now = Date.now();
  if (withinMs > 0 && now - startedAt >= withinMs) return false;
  return deadline === undefined || now + backoffMs < deadline;
}

/** Whether a failure shows that the address may not be reachable. Every other status is a response. */
export function isAddressFailure(failure: RetryCondition): boolean {
  return failure === "error" || failure === "timeout" || failure === "http_52x";
}
