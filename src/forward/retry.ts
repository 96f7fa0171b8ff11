import type { Retry } from "../rules/policies/upstream.ts";

/** What may make an attempt worth another: nothing was sent, or it broke off, or took too long, or its status. */
export type Failure = "unsent" | "error" | "timeout" | `http_${number}`;

// What is done twice where it is sent twice, says nginx (RFC 9110, 9.2.2, is stricter).
const NOT_IDEMPOTENT = ["POST", "LOCK", "PATCH"];

/** Whether another address is asked. What was not sent may be sent again whatever the method. */
export function isWorthAnother(failure: Failure | undefined, method: string, { on }: Retry): boolean {
  if (failure === undefined) return false;
  const condition = failure === "unsent" ? "error" : failure;
  if (!on.some((named) => named === condition)) return false;
  return failure === "unsent" || on.includes("non_idempotent") || !NOT_IDEMPOTENT.includes(method);
}
