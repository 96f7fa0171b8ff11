import type { Exchange } from "../request/exchange.ts";
import { buildClientResponse, buildOriginHeaders } from "../request/proxy-headers.ts";
import { type EdgeResponse, errorResponse } from "../request/response.ts";
import { errorMessage } from "../rules/error-message.ts";
import { DEFAULT_READ_TIMEOUT_S } from "../rules/policies/upstream.ts";
import { fetchOrigin, isSubrequestLimit } from "../runtime/origin-fetch.ts";
import { UploadStalledError } from "../runtime/streams.ts";
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

/** Sends a request to one address. It never rejects. */
export async function attempt(exchange: Exchange, originUrl: OriginUrl, body: RequestBody): Promise<AttemptResult> {
  const { request, upstream, platform } = exchange;
  const timeoutController = new AbortController();
  const bodyErrorController = new AbortController();
  const { input, completion, ...init } = body.send(originUrl.url);
  const timeoutMs = upstream?.answerMs ?? Number(platform.env.ORIGIN_TIMEOUT_MS ?? DEFAULT_ORIGIN_TIMEOUT_MS);
  const timer = startTimerAfter(completion, timeoutMs, () => timeoutController.abort());
  let hasResponse = false; // then the origin may ignore the rest of the body
  completion.catch((error: unknown) => {
    if (!hasResponse) (error instanceof UploadStalledError ? timeoutController : bodyErrorController).abort();
  });
  try {
    const response = await fetchOrigin(input, {
      ...init,
      headers: buildOriginHeaders(exchange),
      signal: AbortSignal.any([request.signal, timeoutController.signal, bodyErrorController.signal]),
      resolveOverride: originUrl.resolveOverride,
    });
    hasResponse = true;
    return classifyResponse(exchange, response, originUrl);
  } catch (error) {
    if (timeoutController.signal.aborted)
      return { answer: errorResponse(exchange, 504, "origin-timeout"), failure: "timeout" };
    if (request.signal.aborted || bodyErrorController.signal.aborted) {
      return { answer: errorResponse(exchange, 502, "client-closed"), failure: undefined };
    }
    const reason = errorMessage(error);
    // No failure of the address: another one would be rejected too.
    if (isSubrequestLimit(error))
      return { answer: errorResponse(exchange, 503, "subrequest-limit", reason), failure: undefined };
    return { answer: errorResponse(exchange, 502, "origin-unreachable", reason), failure: "error" };
  } finally {
    timer.stop();
  }
}

/** Starts a timer after the request is sent, as nginx does, so that a slow upload does not time out the response. */
function startTimerAfter(start: Promise<void>, ms: number, callback: () => void): { stop(): void } {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isStopped = false;
  const startTimer = () => {
    if (!isStopped) timer = setTimeout(callback, ms);
  };
  start.then(startTimer, () => {});
  return {
    stop() {
      isStopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

function classifyResponse(exchange: Exchange, response: Response, originUrl: OriginUrl): AttemptResult {
  const { status } = response;
  if (isCloudflareStatus(status)) return { answer: describeUnreachable(exchange, status), failure: "http_52x" };
  const readMs = exchange.upstream?.readMs;
  const answer = restoreRedirectHosts({ response: buildClientResponse(response), outcome: "routed" }, originUrl);
  return { answer: readMs === undefined ? answer : withIdleTimeout(answer, readMs), failure: `http_${status}` };
}

function describeUnreachable(exchange: Exchange, status: number): EdgeResponse {
  const reason = `Cloudflare answered ${status}`;
  return isCloudflareTimeout(status)
    ? errorResponse(exchange, 504, "origin-timeout", reason)
    : errorResponse(exchange, 502, "origin-unreachable", reason);
}
