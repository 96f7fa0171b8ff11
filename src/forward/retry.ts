import type { RetrySettings } from "../rules/policies/retry-settings.ts";

/** The failure of an attempt that may allow a retry. */
export type RetryCondition = "unsent" | "error" | "timeout" | `http_${number}`;

// The non-idempotent methods of nginx. RFC 9110, 9.2.2, is stricter.
const NON_IDEMPOTENT_METHODS = ["POST", "LOCK", "PATCH"];

/** Whether another address is tried. Requests that were not sent are retried with any method. */
export function shouldRetry(failure: RetryCondition | undefined, method: string, { on }: RetrySettings): boolean {
  if (failure === undefined) return false;
  const condition = failure === "unsent" ? "error" : failure;
  if (!on.some((entry) => entry === condition)) return false;
  return failure === "unsent" || on.includes("non_idempotent") || !NON_IDEMPOTENT_METHODS.includes(method);
}
