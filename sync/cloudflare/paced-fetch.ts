import { type Sleep, sleep } from "../runtime/sleep.ts";
import { type ApiCallKind, classifyCall, findBodyProblem, wasNotSent } from "./api-calls.ts";
import { findCallRules } from "./call-rules.ts";
import { createPacer, type Pacer, readRetryAfterMs } from "./pacing.ts";

/** Timings of API calls, in milliseconds. */
export interface ApiTimings {
  readonly maxAttempts: number;
  readonly attemptTimeoutMs: number;
  /** End of a call, with its waits and retries. */
  readonly deadlineMs: number;
  /** Wait before the second attempt; doubled with each further attempt. */
  readonly retryDelayMs: number;
  readonly maxRetryDelayMs: number;
  /** A longer `retry-after` ends the call. */
  readonly maxRetryAfterMs: number;
}

export const DEFAULT_TIMINGS: ApiTimings = {
  maxAttempts: 5,
  attemptTimeoutMs: 20_000,
  deadlineMs: 60_000,
  retryDelayMs: 500,
  maxRetryDelayMs: 8000,
  maxRetryAfterMs: 30_000,
};

export interface ApiClock {
  readonly now: () => number; // milliseconds, monotonic
  readonly sleep: Sleep;
  readonly random: () => number; // from 0 up to 1
}

export const SYSTEM_CLOCK: ApiClock = { now: () => performance.now(), sleep, random: Math.random };

/** Thrown if a fence stopped a write. Its cause is the error of the fence. */
export class WriteStoppedError extends Error {}

type Outcome =
  | { readonly type: "response"; readonly response: Response }
  | { readonly type: "fault"; readonly error: unknown };

/** A call with its limits. */
interface Call {
  readonly url: URL;
  readonly init: RequestInit;
  readonly kind: ApiCallKind;
  readonly limits: ApiTimings;
  readonly checkFence: (() => void) | undefined;
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** Creates a `fetch` that keeps the pace of the account, and retries within a deadline. Responses are read completely. */
export function createPacedFetch(timings: ApiTimings, clock: ApiClock): typeof fetch {
  const pacer = createPacer();
  return async (input, init = {}) => {
    const call = buildCall(input, init, timings, clock.now());
    for (let attempt = 1; ; attempt++) {
      const outcome = await attemptCall(call, clock, pacer);
      const delayMs = computeRetryDelay(call, outcome, attempt, clock.random());
      if (delayMs === undefined || clock.now() + delayMs >= call.deadline) return finish(outcome);
      await clock.sleep(delayMs, call.signal);
    }
  };
}

/** Sends a call in its turn. It is not sent if its turn comes after the deadline. Throws if the fence stops it. */
async function attemptCall(call: Call, clock: ApiClock, pacer: Pacer): Promise<Outcome> {
  const paceMs = pacer.reserve(clock.now());
  if (clock.now() + paceMs > call.deadline)
    return { type: "response", response: buildBlockedResponse(pacer.remainingBlockMs(clock.now())) };
  if (paceMs > 0) await clock.sleep(paceMs, call.signal);
  if (!call.kind.isRead) runFence(call.checkFence);
  const outcome = await sendOnce(call, call.deadline - clock.now());
  if (outcome.type === "response") pacer.observe(outcome.response, clock.now());
  return outcome;
}

function buildCall(input: Request | string | URL, init: RequestInit, timings: ApiTimings, now: number): Call {
  const { checkFence, attemptTimeoutMs = timings.attemptTimeoutMs, uploadMs = 0, ...rules } = findCallRules();
  const limits: ApiTimings = {
    ...timings,
    ...rules,
    attemptTimeoutMs: Math.min(attemptTimeoutMs, timings.attemptTimeoutMs) + uploadMs,
  };
  const url = new URL(input instanceof Request ? input.url : input);
  return {
    url,
    init,
    kind: classifyCall(init.method ?? "GET", url.pathname),
    limits,
    checkFence,
    deadline: now + limits.deadlineMs + 2 * uploadMs,
    signal: init.signal ?? new AbortController().signal,
  };
}

function runFence(checkFence: (() => void) | undefined): void {
  try {
    checkFence?.();
  } catch (error) {
    throw new WriteStoppedError("a write was not sent", { cause: error });
  }
}

async function sendOnce({ url, init, kind, limits, signal }: Call, remainingMs: number): Promise<Outcome> {
  const timeout = AbortSignal.timeout(Math.max(1, Math.floor(Math.min(limits.attemptTimeoutMs, remainingMs))));
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.any([signal, timeout]) });
    const body = Buffer.from(await response.arrayBuffer());
    const problem = findBodyProblem(kind, response, body.toString());
    if (problem !== undefined) return { type: "response", response: buildErrorResponse(502, 0, problem) };
    const { status, headers } = response;
    return { type: "response", response: new Response(status === 204 ? null : body, { status, headers }) };
  } catch (error) {
    return { type: "fault", error };
  }
}

/** Returns the milliseconds until the next attempt; undefined if the call must not be repeated. */
function computeRetryDelay(
  { kind, limits, signal }: Call,
  outcome: Outcome,
  attempt: number,
  random: number,
): number | undefined {
  if (attempt >= limits.maxAttempts || signal.aborted || !isRetryable(outcome, kind)) return undefined;
  const backOffMs = Math.min(limits.retryDelayMs * 2 ** (attempt - 1), limits.maxRetryDelayMs) * (0.75 + random / 4);
  const retryAfterMs = outcome.type === "response" ? (readRetryAfterMs(outcome.response.headers) ?? 0) : 0;
  return retryAfterMs > limits.maxRetryAfterMs ? undefined : Math.max(backOffMs, retryAfterMs);
}

/** A write that cannot be repeated is retried only if Cloudflare did not carry it out. */
function isRetryable(outcome: Outcome, { isRepeatable }: ApiCallKind): boolean {
  if (outcome.type === "fault") return isRepeatable || wasNotSent(outcome.error);
  const { status } = outcome.response;
  return status === 429 || (isRepeatable && (status === 408 || status >= 500));
}

function finish(outcome: Outcome): Response {
  if (outcome.type === "fault") throw outcome.error;
  return outcome.response;
}

/** Returns the response of a call that is not sent, because the account has used up its calls. */
function buildBlockedResponse(blockMs: number): Response {
  const seconds = Math.ceil(blockMs / 1000);
  const message = `the account has used up its API calls; the next one is possible in ${seconds} s`;
  return buildErrorResponse(429, 971, message, { "retry-after": String(seconds) });
}

function buildErrorResponse(
  status: number,
  code: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const body = { success: false, errors: [{ code, message }], messages: [], result: null };
  return Response.json(body, { status, headers });
}
