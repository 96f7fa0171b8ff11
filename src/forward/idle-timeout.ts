import { type EdgeResponse, isCopyable } from "../request/response.ts";
import { createPipe, pipeEventsWithIdleTimeout, pumpWithIdleTimeout } from "../runtime/streams.ts";

/** Returns the answer, if it can be copied, aborted if the origin sends nothing for `ms` between two parts of its body. */
export function withIdleTimeout(answer: EdgeResponse, ms: number): EdgeResponse {
  const { response } = answer;
  if (response.body === null || !isCopyable(response)) return answer;
  const { readable, writable } = createPipe(response.headers.get("Content-Length"));
  const pump = isEventStream(response.headers) ? pipeEventsWithIdleTimeout : pumpWithIdleTimeout;
  return { ...answer, response: new Response(readable, response), bodySent: pump(response.body, writable, ms) };
}

function isEventStream(headers: Headers): boolean {
  return headers.get("Content-Type")?.startsWith("text/event-stream") ?? false;
}
