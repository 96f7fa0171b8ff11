import { type EdgeResponse, isCopyable } from "../request/response.ts";
import { createPipe, pipeEventsWithIdleTimeout, pumpWithIdleTimeout } from "../runtime/streams.ts";
import { callAfter } from "../runtime/timeout.ts";

/** When the body of a response is aborted. */
export interface BodyLimits {
  /** The origin sends nothing for this time between two parts. */
  readonly idleMs: number | undefined;
  /** The body has not ended by then, in milliseconds since 1970. */
  readonly deadline: number | undefined;
}

/**
 * Returns the answer, if it can be copied, with a body that is aborted at its limits. Both have one pipe, because workerd
 * cannot pipe one stream of known length to another. A WebSocket has no limits: its response ends when it is accepted.
 */
export function withBodyTimeouts(answer: EdgeResponse, limits: BodyLimits): EdgeResponse {
  const { response } = answer;
  if (limits.idleMs === undefined && limits.deadline === undefined) return answer;
  if (response.body === null || !isCopyable(response)) return answer;
  const { readable, writable } = createPipe(response.headers.get("Content-Length"));
  const bodySent = sendBody(response.body, writable, limits, isEventStream(response.headers));
  return { ...answer, response: new Response(readable, response), bodySent };
}

async function sendBody(
  body: ReadableStream<Uint8Array>,
  writable: WritableStream<Uint8Array>,
  { idleMs, deadline }: BodyLimits,
  hasEvents: boolean,
): Promise<void> {
  const expiry = deadline === undefined ? undefined : abortAt(deadline);
  if (idleMs === undefined) return body.pipeTo(writable, expiry && { signal: expiry }).catch(() => {});
  return (hasEvents ? pipeEventsWithIdleTimeout : pumpWithIdleTimeout)(body, writable, idleMs, expiry);
}

function abortAt(deadline: number): AbortSignal {
  const controller = new AbortController();
  callAfter(Math.max(0, deadline - Date.now()), () => controller.abort(new Error("the response took too long")));
  return controller.signal;
}

function isEventStream(headers: Headers): boolean {
  return headers.get("Content-Type")?.startsWith("text/event-stream") ?? false;
}
