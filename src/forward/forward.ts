import type { Exchange } from "../request/exchange.ts";
import type { Next } from "../request/filter.ts";
import { type EdgeResponse, errorResponse } from "../request/response.ts";
import { DEFAULT_RETRY, type RetrySettings } from "../rules/policies/retry-settings.ts";
import type { Address, HostRules } from "../rules/snapshot.ts";
import { delay } from "../runtime/timeout.ts";
import { recordFailure, recordResponse } from "./address-health.ts";
import { type AttemptLimits, type AttemptResult, attempt } from "./attempt.ts";
import { type Balancer, createBalancer } from "./balance.ts";
import { recordLatency } from "./latency.ts";
import { buildOriginUrl } from "./origin-url.ts";
import { prepareBody, type RequestBody } from "./request-body.ts";
import { countTries, hasTime, isAddressFailure, mayBeFollowed, shouldRetry } from "./retry.ts";

/** Creates the end of the filter chains of a host: it forwards to the exchange's backend, or answers 404. */
export function createForwarder({ backends }: HostRules): Next {
  const balancers = new Map(Object.entries(backends).map(([id, backend]) => [id, createBalancer(id, backend)]));
  return async (exchange) => {
    const balancer = exchange.backend === undefined ? undefined : balancers.get(exchange.backend);
    if (!balancer) return errorResponse(exchange, 404, "no-route");
    return forwardWithRetry(exchange, balancer);
  };
}

/** Tries one address after the other, while the failure allows a retry. */
async function forwardWithRetry(exchange: Exchange, balancer: Balancer): Promise<EdgeResponse> {
  const startedAt = Date.now();
  const retry = exchange.upstream?.retry ?? DEFAULT_RETRY;
  const { length: count } = balancer.backend.addresses;
  const maxTries = countTries(retry, count);
  const deadline = findDeadline(exchange, startedAt);
  const body = await prepareBody(exchange, maxTries > 1 && retry.on.length > 0).catch(() => undefined);
  if (!body) return errorResponse(exchange, 502, "client-closed", "the request body is incomplete");
  if (body === "length-required")
    return errorResponse(exchange, 411, "bad-request", `a ${exchange.request.method} with a body of unknown length`);
  const first = balancer.choose(exchange, startedAt);
  let others: readonly number[] | undefined; // built for a retry only
  for (let tries = 1, index = first; ; tries++) {
    const limits = { deadline, mayBeFollowed: mayBeFollowed(retry, tries, maxTries) };
    const { answer, failure } = await forwardToAddress(exchange, balancer, index, body, limits);
    const originMs = Date.now() - startedAt;
    const isLast = tries >= maxTries || !body.isRepeatable || !hasTime(retry, startedAt, deadline);
    if (isLast || !shouldRetry(failure, exchange.request.method, retry)) {
      return { ...answer, originMs, ...(tries > 1 && { attempts: tries }) };
    }
    others ??= balancer.listOthers(exchange, first);
    index = [first, ...others][tries % count] ?? first;
    await prepareRetry(answer, retry);
  }
}

function findDeadline({ upstream }: Exchange, startedAt: number): number | undefined {
  return upstream?.requestMs === undefined ? undefined : startedAt + upstream.requestMs;
}

async function prepareRetry({ response }: EdgeResponse, { backoffMs }: RetrySettings): Promise<void> {
  await response.body?.cancel();
  if (backoffMs) await delay(backoffMs);
}

async function forwardToAddress(
  exchange: Exchange,
  balancer: Balancer,
  index: number,
  body: RequestBody,
  limits: AttemptLimits,
): Promise<AttemptResult> {
  const { backend } = balancer;
  const address = backend.addresses[index] as Address; // the cast: the schema requires an address
  const originUrl = buildOriginUrl(exchange, backend, address);
  if (!originUrl) {
    return {
      answer: errorResponse(exchange, 502, "origin-unreachable", "the account has no zone"),
      failure: undefined,
    };
  }
  const sentAt = Date.now();
  const { answer, failure } = await attempt(exchange, originUrl, body, limits);
  recordResult(exchange, balancer, index, failure, sentAt);
  const origin = `${backend.scheme}://${address.address}:${backend.port}`;
  const { record } = address;
  return { answer: { ...answer, backend: exchange.backend, origin, record }, failure };
}

/** Remembers the result of an attempt, if the backend has several addresses. A client that left shows nothing. */
function recordResult(
  { upstream }: Exchange,
  balancer: Balancer,
  index: number,
  failure: AttemptResult["failure"],
  sentAt: number,
): void {
  const state = balancer.stateOf(index);
  if (state === undefined || failure === undefined) return;
  const now = Date.now();
  if (isAddressFailure(failure)) recordFailure(state, failure, now);
  else {
    recordResponse(state, sentAt);
    if (upstream?.balance === "ewma") recordLatency(state, now - sentAt, now);
  }
}
