import type { ServerResponse } from "node:http";

/** What the local account does wrong. Each number counts down: so many requests more. */
export interface FaultPlan {
  /** Answer 429 with Retry-After. */
  tooManyRequests: number;
  retryAfterSeconds: number;
  /** Answer 500. */
  serverErrors: number;
  /** Never answer. */
  hangs: number;
  /** Carry out a bulk write or removal by half: the last half of its keys (one of one) is reported unsuccessful. */
  partialWrites: number;
  /** Which requests the faults are for, told by "METHOD /path"; all, when left out. */
  requestPattern?: RegExp;
}

/** No faults. */
export function createFaultPlan(): FaultPlan {
  return { tooManyRequests: 0, retryAfterSeconds: 1, serverErrors: 0, hangs: 0, partialWrites: 0 };
}

type FaultName = "tooManyRequests" | "serverErrors" | "hangs" | "partialWrites";

/** Whether this request gets the fault; counts it if so. */
export function shouldFail(faults: FaultPlan, fault: FaultName, line: string): boolean {
  if (faults[fault] <= 0 || (faults.requestPattern && !faults.requestPattern.test(line))) return false;
  faults[fault] -= 1;
  return true;
}

/** Answers a request with the fault that is due, if one is. */
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

/** The envelope of every answer that is not a success. */
export function buildErrorBody(code: number, message: string) {
  return { success: false, errors: [{ code, message }], messages: [], result: null };
}
