import type { Admission, RateLimiter } from "../env.ts";
import { keepSlotAlive } from "../rate-limiter/connection-slots.ts";
import type { Exchange } from "../request/exchange.ts";
import type { Filter } from "../request/filter.ts";
import { type EdgeResponse, errorResponse } from "../request/response.ts";
import { createIpMatcher } from "../rules/addresses.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { createPipe } from "../runtime/streams.ts";
import { withTimeout } from "../runtime/timeout.ts";

/** A request waits no longer for its counting; it then passes, since a limit must not fail the requests that it protects. */
const MAX_WAIT_MS = 500;

/** Answers 503 where the client asks more than it may. */
export function rateLimit({ ingress, rates, connections, exempt }: SettingsOf<"rateLimit">): Filter {
  const isExempt = createIpMatcher(exempt);
  return async (exchange, next) => {
    if (isExempt(exchange.clientIp)) return next(exchange);
    const limiter = exchange.platform.env.LIMITER?.getByName(`${ingress} ${exchange.clientIp}`);
    const admission = limiter && (await waitForAdmission(limiter.acquire({ rates, connections }), limiter, exchange));
    if (!limiter || !admission) return { ...(await next(exchange)), rateLimitSkipped: true };
    if (!admission.ok) return errorResponse(exchange, 503, "rate-limited", admission.limit);
    if (admission.slot === undefined) return next(exchange);
    const slot = keepSlotAlive(limiter, admission.slot);
    const { answer, completion } = await next(exchange).then(watchBody, (error: unknown) => {
      exchange.platform.waitUntil(slot.release());
      throw error;
    });
    exchange.platform.waitUntil(completion.then(slot.release));
    return answer;
  };
}

/** What the object says, or nothing where it cannot be reached soon. One that says so later gets its lease back. */
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

/** The same answer, and a promise that is kept when its body has been sent, or the client has left. */
function watchBody(answer: EdgeResponse): { answer: EdgeResponse; completion: Promise<void> } {
  const { response } = answer;
  if (response.body === null) return { answer, completion: Promise.resolve() };
  const isEncoded = response.headers.has("Content-Encoding"); // then the length is not that of the bytes read here
  const { readable, writable } = createPipe(isEncoded ? null : response.headers.get("Content-Length"));
  const completion = response.body.pipeTo(writable).catch(() => {});
  return { answer: { ...answer, response: new Response(readable, response) }, completion };
}
