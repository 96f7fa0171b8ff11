import type { Exchange } from "../request/exchange.ts";
import { buildClientAnswer, buildOriginHeaders } from "../request/proxy-headers.ts";
import { type EdgeResponse, errorResponse } from "../request/response.ts";
import { errorMessage } from "../rules/error-message.ts";
import { DEFAULT_READ_TIMEOUT_S } from "../rules/policies/upstream.ts";
import { fetchOrigin, isSubrequestLimit } from "../runtime/origin-fetch.ts";
import { UploadStalledError } from "../runtime/streams.ts";
import { callAfter } from "../runtime/timeout.ts";
import { isCloudflareStatus, isCloudflareTimeout } from "./cloudflare-status.ts";
import { withIdleTimeout } from "./idle-timeout.ts";
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

/** Sends a request to one address. It never rejects. The response must begin by `deadline`, in milliseconds since 1970. */
export async function attempt(
  exchange: Exchange,
  originUrl: OriginUrl,
  body: RequestBody,
  deadline: number | undefined,
): Promise<AttemptResult> {
  const { request, upstream, platform } = exchange;
  const { input, method, body: outgoingBody, completion } = body.send(originUrl.url);
  const timeoutMs =
    upstream?.answerMs ?? upstream?.requestMs ?? Number(platform.env.ORIGIN_TIMEOUT_MS ?? DEFAULT_ORIGIN_TIMEOUT_MS);
  const fetchAbort = createFetchAbort(request.signal);
  let isSettled = false; // then the origin may ignore the rest of the body
  const abortUnlessSettled = (cause: AbortCause) => {
    if (!isSettled) fetchAbort.abort(cause);
  };
  if (timeoutMs > 0) startTimerAfter(completion, timeoutMs, () => abortUnlessSettled("timeout"));
  if (deadline !== undefined) callAfter(Math.max(0, deadline - Date.now()), () => abortUnlessSettled("timeout"));
  completion?.catch((error: unknown) => {
    abortUnlessSettled(error instanceof UploadStalledError ? "timeout" : "client-closed");
  });
  try {
    const response = await fetchOrigin(input, {
      method,
      headers: buildOriginHeaders(exchange),
      body: outgoingBody,
      signal: fetchAbort.signal,
      resolveOverride: originUrl.resolveOverride,
    });
    return classifyResponse(exchange, response, originUrl);
  } catch (error) {
    return classifyError(exchange, error, fetchAbort.findCause());
  } finally {
    isSettled = true;
  }
}

type AbortCause = "timeout" | "client-closed";

/** Aborts a fetch, and remembers the first cause. */
interface FetchAbort {
  readonly signal: AbortSignal;
  readonly abort: (cause: AbortCause) => void;
  readonly findCause: () => AbortCause | undefined;
}

/** Creates one controller for all causes, because `AbortSignal.any` costs more than the rest of an attempt. */
function createFetchAbort(clientSignal: AbortSignal): FetchAbort {
  const controller = new AbortController();
  let firstCause: AbortCause | undefined;
  const abort = (cause: AbortCause) => {
    firstCause ??= cause;
    controller.abort();
  };
  if (clientSignal.aborted) abort("client-closed");
  // It stays after the response, because a client that disconnects ends the body too.
  else clientSignal.addEventListener("abort", () => abort("client-closed"));
  return { signal: controller.signal, abort, findCause: () => firstCause };
}

function classifyError(exchange: Exchange, error: unknown, cause: AbortCause | undefined): AttemptResult {
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
  else start.then(() => callAfter(ms, callback)).catch(() => {}); // the error of the body is handled elsewhere
}

function classifyResponse(exchange: Exchange, response: Response, originUrl: OriginUrl): AttemptResult {
  const { status } = response;
  if (isCloudflareStatus(status)) return { answer: describeUnreachable(exchange, status), failure: "http_52x" };
  const readMs = exchange.upstream?.readMs;
  const answer = restoreRedirectHosts(buildClientAnswer(response), originUrl);
  return { answer: readMs === undefined ? answer : withIdleTimeout(answer, readMs), failure: `http_${status}` };
}

function describeUnreachable(exchange: Exchange, status: number): EdgeResponse {
  const reason = `Cloudflare answered ${status}`;
  return isCloudflareTimeout(status)
    ? errorResponse(exchange, 504, "origin-timeout", reason)
    : errorResponse(exchange, 502, "origin-unreachable", reason);
}
