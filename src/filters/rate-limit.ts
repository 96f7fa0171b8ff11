import type { Admission, RateLimiter } from "../env.ts";
import { keepSlotAlive } from "../rate-limiter/connection-slots.ts";
import type { Exchange } from "../request/exchange.ts";
import type { Filter } from "../request/filter.ts";
import { type EdgeResponse, errorResponse, isCopyable } from "../request/response.ts";
import { createIpMatcher, formatClientNetwork } from "../rules/addresses.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { createPipe } from "../runtime/streams.ts";
import { withTimeout } from "../runtime/timeout.ts";

/** Maximum wait for the rate limiter. Then the request passes, because an outage of the limiter must not reject it. */
const MAX_WAIT_MS = 500;

/** Answers 503 if the client exceeds a limit. An IPv6 client is its /64 network, because it can use any address there. */
export function rateLimit({ ingress, rates, connections, exempt }: SettingsOf<"rateLimit">): Filter {
  const isExempt = createIpMatcher(exempt);
  return async (exchange, next) => {
    if (isExempt(exchange.clientIp)) return next(exchange);
    const limiter = exchange.platform.env.LIMITER?.getByName(`${ingress} ${formatClientNetwork(exchange.clientIp)}`);
    const admission = limiter && (await waitForAdmission(limiter.acquire({ rates, connections }), limiter, exchange));
    if (!limiter || !admission) return { ...(await next(exchange)), rateLimitSkipped: true };
    if (!admission.ok) return errorResponse(exchange, 503, "rate-limited", admission.limit);
    if (admission.slot === undefined) return next(exchange);
    const slot = keepSlotAlive(limiter, admission.slot);
    const { answer, completion } = await next(exchange).then(watchBody, (error: unknown) => {
      exchange.platform.waitUntil(slot.release());
      throw error;
    });
    exchange.platform.waitUntil(Promise.race([completion, waitForAbort(exchange.request.signal)]).then(slot.release));
    return answer;
  };
}

/** Returns the admission, or undefined if the limiter does not respond in time. A late admission is released. */
async function waitForAdmission(acquisition: Promise<Admission>, limiter: RateLimiter, { platform }: Exchange) {
  const admission = await withTimeout(
    acquisition.catch(() => undefined),
    MAX_WAIT_MS,
  );
  if (admission) return admission;
  const release = acquisition.then((lateAdmission) =>
    lateAdmission.ok && lateAdmission.slot ? limiter.release(lateAdmission.slot) : undefined,
  );
  platform.waitUntil(release.catch(() => {}));
  return undefined;
}

/** Resolves when the client has disconnected. Then the body of an error response is never read. */
function waitForAbort(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Returns the response and a promise that resolves when its body is sent or the client has disconnected. */
function watchBody(answer: EdgeResponse): { answer: EdgeResponse; completion: Promise<void> } {
  const { response, bodySent } = answer;
  // A second pipe would never end: workerd cannot pipe one stream of known length to another.
  if (bodySent) return { answer, completion: bodySent };
  if (response.body === null || !isCopyable(response)) return { answer, completion: Promise.resolve() };
  const { readable, writable } = createPipe(response.headers.get("Content-Length"));
  const completion = response.body.pipeTo(writable).catch(() => {});
  return { answer: { ...answer, response: new Response(readable, response) }, completion };
}
