import { type Answer, ownAnswer } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import { READ_S } from "../rules/policies/upstream.ts";
import { originFetch } from "./fetch.ts";
import { clientResponse, originHeaders } from "./headers.ts";
import { withIdleLimit } from "./idle.ts";
import type { Failure } from "./retry.ts";
import { type Body, Stalled } from "./sending.ts";
import type { OriginTarget } from "./target.ts";

const ANSWER_TIMEOUT_MS = READ_S * 1000;
// What Cloudflare answers where an origin does not; https://developers.cloudflare.com/support/troubleshooting/http-status-codes/.
const CLOUDFLARE_TIMEOUTS = [522, 524];
const CLOUDFLARE_BREAKS = [520];
const CLOUDFLARE_UNSENT = [521, 523, 525, 526, 530]; // no connection came about

/** One address asked: what came of it, and what may be reason to ask another. */
export interface Attempt {
  readonly answer: Answer;
  readonly failure: Failure | undefined;
}

/** Asks one address. It never rejects. */
export async function attempt(
  exchange: Exchange,
  { url, resolveOverride }: OriginTarget,
  body: Body,
): Promise<Attempt> {
  const { request, upstream, platform } = exchange;
  const late = new AbortController();
  const broken = new AbortController();
  const { asked, sent, ...sending } = body.send(url);
  const answerMs = upstream?.answerMs ?? Number(platform.env.ANSWER_TIMEOUT_MS ?? ANSWER_TIMEOUT_MS);
  const timer = timerFrom(sent, answerMs, () => late.abort());
  let isAnswered = false; // then the origin may do without the rest
  sent.catch((error: unknown) => {
    if (!isAnswered) (error instanceof Stalled ? late : broken).abort();
  });
  try {
    const response = await originFetch(asked, {
      ...sending,
      headers: originHeaders(exchange),
      signal: AbortSignal.any([request.signal, late.signal, broken.signal]),
      resolveOverride,
    });
    isAnswered = true;
    return judged(exchange, response);
  } catch (error) {
    if (late.signal.aborted) return { answer: ownAnswer(exchange, 504, "origin-timeout"), failure: "timeout" };
    if (request.signal.aborted || broken.signal.aborted) {
      return { answer: ownAnswer(exchange, 502, "client-gone"), failure: undefined };
    }
    const because = error instanceof Error ? error.message : String(error);
    return { answer: ownAnswer(exchange, 502, "origin-refused", because), failure: "error" };
  } finally {
    timer.stop();
  }
}

/** Starts when the request has been sent, as nginx does: a slow upload is no slow answer. */
function timerFrom(start: Promise<void>, ms: number, act: () => void): { stop(): void } {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let stopped = false;
  const begin = () => {
    if (!stopped) timer = setTimeout(act, ms);
  };
  start.then(begin, () => {});
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function judged(exchange: Exchange, response: Response): Attempt {
  const { status } = response;
  const because = `Cloudflare answered ${status}`;
  if (CLOUDFLARE_TIMEOUTS.includes(status)) {
    return { answer: ownAnswer(exchange, 504, "origin-timeout", because), failure: "timeout" };
  }
  const unsent = CLOUDFLARE_UNSENT.includes(status);
  if (unsent || CLOUDFLARE_BREAKS.includes(status)) {
    return { answer: ownAnswer(exchange, 502, "origin-refused", because), failure: unsent ? "unsent" : "error" };
  }
  const readMs = exchange.upstream?.readMs;
  const whole = clientResponse(response);
  const limited = readMs === undefined ? whole : withIdleLimit(whole, readMs);
  return { answer: { response: limited, outcome: "routed" }, failure: `http_${status}` };
}
