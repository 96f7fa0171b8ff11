import { type Answer, ownAnswer } from "../answer.ts";
import { hasOwnBody } from "../body.ts";
import type { Exchange } from "../exchange.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import type { Filter, Next } from "./filter.ts";

/** Up to this limit a body of unknown length is read before anyone is asked, as nginx does with all of them. */
const MOST_READ_FIRST = 64 * 1024;
/** For so long a client that is refused is still listened to: its connection would break before it saw the answer. */
const LINGER_MS = 5_000;

/** Answers 413 to a body that is announced as too large, or turns out to be while it is sent on. */
export function bodySize({ most }: SettingsOf<"bodySize">): Filter {
  return async (exchange, next) => {
    const length = exchange.request.headers.get("Content-Length");
    if (length !== null) return Number(length) > most ? refused(exchange, exchange.body, most) : next(exchange);
    return hasOwnBody(exchange) ? counted(exchange, exchange.body, most, next) : next(exchange);
  };
}

async function counted(
  exchange: Exchange,
  from: ReadableStream<Uint8Array>,
  most: number,
  next: Next,
): Promise<Answer> {
  const { body, rest } = limited(from, most);
  if (most > MOST_READ_FIRST) {
    const answer = await next({ ...exchange, body });
    return rest() ? refused(exchange, rest(), most) : answer;
  }
  const whole = await new Response(body).arrayBuffer().catch(() => undefined);
  if (rest()) return refused(exchange, rest(), most);
  return whole ? next({ ...exchange, body: new Response(whole).body }) : ownAnswer(exchange, 400, "client-gone");
}

async function refused(exchange: Exchange, rest: ReadableStream | null, most: number): Promise<Answer> {
  await rest?.pipeTo(new WritableStream(), { signal: AbortSignal.timeout(LINGER_MS) }).catch(() => {});
  return ownAnswer(exchange, 413, "body-too-large", `more than ${most} bytes`);
}

/** The same bytes, as far as `most`; with one more the stream fails, which ends the request to the origin. */
function limited(from: ReadableStream<Uint8Array>, most: number) {
  const reader = from.getReader();
  let count = 0;
  let exceeded = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      count += value?.byteLength ?? 0;
      exceeded = count > most;
      if (done) controller.close();
      else if (exceeded) controller.error(new Error(`the body has more than ${most} bytes`));
      else controller.enqueue(value);
      if (done || exceeded) reader.releaseLock();
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return { body, rest: () => (exceeded ? from : null) };
}
