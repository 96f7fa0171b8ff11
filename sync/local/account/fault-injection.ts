import { buildHttpReply, type HttpReply } from "./server/http-calls.ts";

/** The faults of the local account. Each number counts down, one per request. */
export interface FaultPlan {
  /** Return 429 with Retry-After. */
  tooManyRequests: number;
  retryAfterSeconds: number;
  /** Return 500. */
  serverErrors: number;
  /** Return 502 with a page of HTML. */
  htmlErrors: number;
  /** Return 403 for a token that has the permission. */
  forbidden: number;
  /** Never respond, and change nothing. */
  hangs: number;
  /** Carry out the call, and never respond. */
  lostAnswers: number;
  /** Carry out the call, and respond with 200 and a part of the JSON. */
  truncatedAnswers: number;
  /** Carry out the call, and respond with 200 and no body. */
  emptyAnswers: number;
  /** Leave out some keys of a bulk write or removal, and report them as failed. */
  partialWrites: number;
  /** The keys that are left out: the last half (at least one), random ones, all, or those that match. */
  partialWriteKeys: "half" | "random" | "all" | RegExp;
  /** Returns a number from 0 up to 1. */
  random: () => number;
  /** Requests that get the faults, as "METHOD /path". All by default. */
  requestPattern?: RegExp;
}

/** Creates a plan without faults. */
export function createFaultPlan(): FaultPlan {
  return {
    tooManyRequests: 0,
    retryAfterSeconds: 1,
    serverErrors: 0,
    htmlErrors: 0,
    forbidden: 0,
    hangs: 0,
    lostAnswers: 0,
    truncatedAnswers: 0,
    emptyAnswers: 0,
    partialWrites: 0,
    partialWriteKeys: "half",
    random: Math.random,
  };
}

type FaultName = {
  [Name in keyof FaultPlan]-?: FaultPlan[Name] extends number ? Name : never;
}[keyof FaultPlan];

/** Whether this request gets the fault. If so, counts it. */
export function shouldFail(faults: FaultPlan, fault: FaultName, line: string): boolean {
  if (faults[fault] <= 0 || (faults.requestPattern && !faults.requestPattern.test(line))) return false;
  faults[fault] -= 1;
  return true;
}

/** Returns the fault of a request that is not carried out: a response, or "hang". */
export function findEarlyFault(faults: FaultPlan, line: string): HttpReply | "hang" | undefined {
  if (shouldFail(faults, "hangs", line)) return "hang";
  if (shouldFail(faults, "tooManyRequests", line)) {
    const headers = { "retry-after": String(faults.retryAfterSeconds) };
    const message = "Please wait and consider throttling your request speed";
    return buildHttpReply({ status: 429, code: 971, message, headers });
  }
  if (shouldFail(faults, "serverErrors", line))
    return buildHttpReply({ status: 500, code: 10001, message: "internal error" });
  if (shouldFail(faults, "forbidden", line))
    return buildHttpReply({ status: 403, code: 10000, message: "Authentication error" });
  return shouldFail(faults, "htmlErrors", line)
    ? { status: 502, headers: { "content-type": "text/html" }, body: "<html><body>502 Bad Gateway</body></html>" }
    : undefined;
}

/** Returns the reply of a call that was carried out, damaged by the next fault. "hang": it gets no reply. */
export function damageReply(faults: FaultPlan, line: string, reply: HttpReply): HttpReply | "hang" {
  if (shouldFail(faults, "lostAnswers", line)) return "hang";
  if (shouldFail(faults, "emptyAnswers", line)) return { ...reply, body: "" };
  return shouldFail(faults, "truncatedAnswers", line)
    ? { ...reply, body: reply.body.slice(0, Math.floor(reply.body.length / 2)) }
    : reply;
}
