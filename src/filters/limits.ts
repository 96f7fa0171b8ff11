import { type Answer, ownAnswer } from "../answer.ts";
import { pipeOf } from "../body.ts";
import type { Entered, Limits } from "../env.ts";
import type { Exchange } from "../exchange.ts";
import { inTime } from "../in-time.ts";
import { held } from "../limits/lease.ts";
import { matcherOf } from "../rules/addresses.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import type { Filter } from "./filter.ts";

/** A request waits no longer for its counting; it then passes, since a limit must not fail the requests that it protects. */
const MOST_MS = 500;

/** Answers 503 where the client asks more than it may. */
export function limits({ ingress, rates, connections, exempt }: SettingsOf<"limits">): Filter {
  const isExempt = matcherOf(exempt);
  return async (exchange, next) => {
    if (isExempt(exchange.clientIp)) return next(exchange);
    const counts = exchange.platform.env.LIMITER?.getByName(`${ingress} ${exchange.clientIp}`);
    const entered = counts && (await answered(counts.enter({ rates, connections }), counts, exchange));
    if (!counts || !entered) return { ...(await next(exchange)), unchecked: "limits" };
    if (!entered.ok) return ownAnswer(exchange, 503, "limited", entered.limit);
    if (entered.lease === undefined) return next(exchange);
    const lease = held(counts, entered.lease);
    const { answer, ended } = await next(exchange).then(watched, (error: unknown) => {
      exchange.platform.waitUntil(lease.giveBack());
      throw error;
    });
    exchange.platform.waitUntil(ended.then(lease.giveBack));
    return answer;
  };
}

/** What the object says, or nothing where it cannot be reached soon. One that says so later gets its lease back. */
async function answered(entering: Promise<Entered>, counts: Limits, { platform }: Exchange) {
  const entered = await inTime(
    entering.catch(() => undefined),
    MOST_MS,
  );
  if (entered) return entered;
  const returned = entering.then((found) => (found.ok && found.lease ? counts.leave(found.lease) : undefined));
  platform.waitUntil(returned.catch(() => {}));
  return undefined;
}

/** The same answer, and a promise that is kept when its body has been sent, or the client has left. */
function watched(answer: Answer): { answer: Answer; ended: Promise<void> } {
  const { response } = answer;
  if (response.body === null) return { answer, ended: Promise.resolve() };
  const encoded = response.headers.has("Content-Encoding"); // then the length is not that of the bytes read here
  const { readable, writable } = pipeOf(encoded ? null : response.headers.get("Content-Length"));
  const ended = response.body.pipeTo(writable).catch(() => {});
  return { answer: { ...answer, response: new Response(readable, response) }, ended };
}
