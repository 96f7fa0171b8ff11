import type { Exchange } from "../request/exchange.ts";
import { buildClientAnswer, buildOriginHeaders } from "../request/proxy-headers.ts";
import { type EdgeResponse, errorResponse } from "../request/response.ts";
import { errorMessage } from "../rules/error-message.ts";
import { DEFAULT_READ_TIMEOUT_S } from "../rules/policies/upstream.ts";
import { fetchOrigin, isSubrequestLimit } from "../runtime/origin-fetch.ts";
import { UploadStalledError } from "../runtime/streams.ts";
import { callAfter } from "../runtime/timeout.ts";
import { withBodyTimeouts } from "./body-timeouts.ts";
import { isCloudflareStatus, isCloudflareTimeout } from "./cloudflare-status.ts";
import type { OriginUrl } from "./origin-url.ts";
import { restoreRedirectHosts } from "./redirect-hosts.ts";
import type { RequestBody } from "./request-body.ts";
import type { RetryCondition } from "./retry.ts";

const DEFAULT_ORIGIN_TIMEOUT_MS = DEFAULT_READ_TIMEOUT_S * 1000;

/** The result of one attempt, and its failure, which may allow a retry. */
export interface AttemptResult {
  readonly answer: EdgeResponse;
  readonly failure: RetryCondition | undefined;
}

/** How long an attempt may last. */
export interface AttemptLimits {
  /** The end of the response, in milliseconds since 1970. */
  readonly deadline: number | undefined;
  /** The connection must not stay open after a timeout, because another attempt may follow. */
  readonly mayBeFollowed: boolean;
}

/** Sends a request to one address. It never rejects. */
export async function attempt(
  exchange: Exchange,
  originUrl: OriginUrl,
  body: RequestBody,
  { deadline, mayBeFollowed }: AttemptLimits,
): Promise<AttemptResult> {
  const { request, upstream, platform } = exchange;
  const { input, method, body: outgoingBody, completion } = body.send(originUrl.url);
  const timeoutMs =
    upstream?.answerMs ?? upstream?.requestMs ?? Number(platform.env.ORIGIN_TIMEOUT_MS ?? DEFAULT_ORIGIN_TIMEOUT_MS);
  const { promise: interrupted, interrupt, findCause, settle } = createInterruption(request.signal);
  // A failed body of a request ends the fetch, because workerd would send it as if it were complete.
  const controller = completion || mayBeFollowed ? new AbortController() : undefined;
  const findBodyDeadline = startBodyTimer(completion, upstream?.responseMs, deadline);
  if (timeoutMs > 0) startTimerAfter(completion, timeoutMs, () => interrupt("timeout"));
  if (deadline !== undefined) callAfter(Math.max(0, deadline - Date.now()), () => interrupt("timeout"));
  completion?.catch((error: unknown) => {
    interrupt(error instanceof UploadStalledError ? "timeout" : "client-closed");
  });
  let fetching: Promise<Response> | undefined;
  try {
    fetching = fetchOrigin(input, {
      method,
      headers: buildOriginHeaders(exchange),
      body: outgoingBody,
      signal: controller?.signal,
      resolveOverride: originUrl.resolveOverride,
    });
    const response = await Promise.race([fetching, interrupted]);
    return classifyResponse(exchange, response, originUrl, findBodyDeadline());
  } catch (error) {
    const cause = findCause();
    if (cause !== undefined) abandon(fetching, controller);
    return classifyError(exchange, error, cause);
  } finally {
    settle();
  }
}

/** Returns when the response that begins now must end. A slow upload does not count as a part of the response. */
function startBodyTimer(
  completion: Promise<void> | undefined,
  responseMs: number | undefined,
  deadline: number | undefined,
): () => number | undefined {
  if (responseMs === undefined) return () => deadline;
  let sentAt = completion ? undefined : Date.now();
  completion?.then(() => {
    sentAt = Date.now();
  }, ignoreError);
  return () => Math.min((sentAt ?? Date.now()) + responseMs, deadline ?? Number.POSITIVE_INFINITY);
}

/** The error of a body is handled elsewhere. */
function ignoreError(): void {}

type InterruptionCause = "timeout" | "client-closed";

/** The end of an attempt before its response. */
interface Interruption {
  /** Rejects at the first cause. */
  readonly promise: Promise<never>;
  readonly interrupt: (cause: InterruptionCause) => void;
  readonly findCause: () => InterruptionCause | undefined;
  /** Ignores later causes: the origin may ignore the rest of a body. */
  readonly settle: () => void;
}

/**
 * Interrupts an attempt without a signal for its fetch, which would be dearer than a race of promises. When the request
 * ends, workerd ends the fetch.
 */
function createInterruption(clientSignal: AbortSignal): Interruption {
  const { promise, reject } = Promise.withResolvers<never>();
  let isSettled = false;
  let firstCause: InterruptionCause | undefined;
  const interrupt = (cause: InterruptionCause) => {
    if (isSettled) return;
    firstCause ??= cause;
    reject(new Error(firstCause));
  };
  if (clientSignal.aborted) interrupt("client-closed");
  else clientSignal.addEventListener("abort", () => interrupt("client-closed"));
  return {
    promise,
    interrupt,
    findCause: () => firstCause,
    settle: () => {
      isSettled = true;
    },
  };
}

/** Ends a fetch whose response is not needed: at once with a controller, else when it responds or the request ends. */
function abandon(fetching: Promise<Response> | undefined, controller: AbortController | undefined): void {
  controller?.abort();
  fetching?.then((response) => response.body?.cancel()).catch(() => {});
}

function classifyError(exchange: Exchange, error: unknown, cause: InterruptionCause | undefined): AttemptResult {
  switch (cause) {
    case "timeout":
      return { answer: errorResponse(exchange, 504, "origin-timeout"), failure: "timeout" };
    case "client-closed":
      return { answer: errorResponse(exchange, 502, "client-closed"), failure: undefined };
    case undefined:
      // No failure of the address: another one would be rejected too.
      if (isSubrequestLimit(error))
        return { answer: errorResponse(exchange, 503, "subrequest-limit", errorMessage(error)), failure: undefined };
      return { answer: errorResponse(exchange, 502, "origin-unreachable", errorMessage(error)), failure: "error" };
  }
}

/** Starts a timer after the request is sent, as nginx does, so that a slow upload does not time out the response. */
function startTimerAfter(start: Promise<void> | undefined, ms: number, callback: () => void): void {
  if (start === undefined) callAfter(ms, callback);
  else start.then(() => callAfter(ms, callback)).catch(ignoreError);
}

function classifyResponse(
  exchange: Exchange,
  response: Response,
  originUrl: OriginUrl,
  deadline: number | undefined,
): AttemptResult {
  const { status } = response;
  if (isCloudflareStatus(status)) return { answer: describeUnreachable(exchange, status), failure: "http_52x" };
  const answer = restoreRedirectHosts(buildClientAnswer(response), originUrl);
  const limits = { idleMs: exchange.upstream?.readMs, deadline };
  return { answer: withBodyTimeouts(answer, limits), failure: `http_${status}` };
}

function describeUnreachable(exchange: Exchange, status: number): EdgeResponse {
  const reason = `Cloudflare answered ${status}`;
  return isCloudflareTimeout(status)
    ? errorResponse(exchange, 504, "origin-timeout", reason)
    : errorResponse(exchange, 502, "origin-unreachable", reason);
}
