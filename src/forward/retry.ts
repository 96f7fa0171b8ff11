import type { RetrySettings } from "../rules/policies/retry-settings.ts";

/** What may make an attempt worth another: nothing was sent, or it broke off, or took too long, or its status. */
export type RetryCondition = "unsent" | "error" | "timeout" | `http_${number}`;

// What is done twice where it is sent twice, says nginx (RFC 9110, 9.2.2, is stricter).
const NON_IDEMPOTENT_METHODS = ["POST", "LOCK", "PATCH"];

/** Whether another address is asked. What was not sent may be sent again whatever the method. */
export function shouldRetry(failure: RetryCondition | undefined, method: string, { on }: RetrySettings): boolean {
  if (failure === undefined) return false;
  const condition = failure === "unsent" ? "error" : failure;
  if (!on.some((entry) => entry === condition)) return false;
  return failure === "unsent" || on.includes("non_idempotent") || !NON_IDEMPOTENT_METHODS.includes(method);
}
