import type { ServerResponse } from "node:http";
import type { InnerError } from "./api-types.ts";

/** The faults of the local account. Each number counts down, one per request. */
export interface FaultPlan {
  /** Return 429 with Retry-After. */
  tooManyRequests: number;
  retryAfterSeconds: number;
  /** Return 500. */
  serverErrors: number;
  /** Never respond. */
  hangs: number;
  /** Execute half of a bulk write or removal: the last half of its keys, at least one, is reported as failed. */
  partialWrites: number;
  /** Requests that get the faults, as "METHOD /path". All by default. */
  requestPattern?: RegExp;
}

/** Creates a plan without faults. */
export function createFaultPlan(): FaultPlan {
  return { tooManyRequests: 0, retryAfterSeconds: 1, serverErrors: 0, hangs: 0, partialWrites: 0 };
}

type FaultName = "tooManyRequests" | "serverErrors" | "hangs" | "partialWrites";

/** Whether this request gets the fault. If so, counts it. */
export function shouldFail(faults: FaultPlan, fault: FaultName, line: string): boolean {
  if (faults[fault] <= 0 || (faults.requestPattern && !faults.requestPattern.test(line))) return false;
  faults[fault] -= 1;
  return true;
}

/** Responds with the next fault of the plan, if there is one. */
export function injectFault(faults: FaultPlan, line: string, response: ServerResponse): boolean {
  if (shouldFail(faults, "hangs", line)) return true;
  if (shouldFail(faults, "tooManyRequests", line)) {
    response.writeHead(429, { "retry-after": String(faults.retryAfterSeconds), "content-type": "application/json" });
    response.end(JSON.stringify(buildErrorBody(971, "Please wait and consider throttling your request speed")));
    return true;
  }
  if (shouldFail(faults, "serverErrors", line)) {
    response.writeHead(500, { "content-type": "application/json" });
    response.end(JSON.stringify(buildErrorBody(10001, "internal error")));
    return true;
  }
  return false;
}

/** The body of every response except success. */
export function buildErrorBody(code: number, message: string, errorChain?: readonly InnerError[]) {
  const error = { code, message, ...(errorChain && { error_chain: errorChain }) };
  return { success: false, errors: [error], messages: [], result: null };
}
