import type { Exchange } from "../request/exchange.ts";
import type { Filter, Next } from "../request/filter.ts";
import { type EdgeResponse, errorResponse } from "../request/response.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { createPartReader } from "../runtime/part-reader.ts";
import { hasStreamableBody } from "../runtime/streams.ts";

/** Up to this limit a body of unknown length is buffered before forwarding, as nginx does with every body. */
const MAX_PREBUFFERED_BYTES = 64 * 1024;
/** Time to read the body of a rejected client, which would otherwise not get the response. */
const LINGER_MS = 5_000;

/** Answers 413 if the declared or the actual length of the body exceeds the limit. */
export function bodySize({ most }: SettingsOf<"bodySize">): Filter {
  return async (exchange, next) => {
    const length = exchange.request.headers.get("Content-Length");
    if (length !== null) return Number(length) > most ? rejectTooLarge(exchange, exchange.body, most) : next(exchange);
    return hasStreamableBody(exchange) ? forwardWithLimit(exchange, exchange.body, most, next) : next(exchange);
  };
}

async function forwardWithLimit(
  exchange: Exchange,
  source: ReadableStream<Uint8Array>,
  maxBytes: number,
  next: Next,
): Promise<EdgeResponse> {
  const { body, rest } = limitBytes(source, maxBytes);
  if (maxBytes > MAX_PREBUFFERED_BYTES) {
    const answer = await next({ ...exchange, body });
    return rest() ? rejectTooLarge(exchange, rest(), maxBytes) : answer;
  }
  const buffer = await new Response(body).arrayBuffer().catch(() => undefined);
  if (rest()) return rejectTooLarge(exchange, rest(), maxBytes);
  return buffer
    ? next({ ...exchange, body: new Response(buffer).body })
    : errorResponse(exchange, 502, "client-closed");
}

async function rejectTooLarge(
  exchange: Exchange,
  rest: ReadableStream | null,
  maxBytes: number,
): Promise<EdgeResponse> {
  await rest?.pipeTo(new WritableStream(), { signal: AbortSignal.timeout(LINGER_MS) }).catch(() => {});
  return errorResponse(exchange, 413, "body-too-large", `more than ${maxBytes} bytes`);
}

/** Returns the stream, which fails after `maxBytes`. That aborts the request to the origin. */
function limitBytes(source: ReadableStream<Uint8Array>, maxBytes: number) {
  const reader = createPartReader(source);
  let byteCount = 0;
  let isExceeded = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const part = await reader.read();
      byteCount += part?.byteLength ?? 0;
      isExceeded = byteCount > maxBytes;
      if (part === undefined) controller.close();
      else if (isExceeded) controller.error(new Error(`the body has more than ${maxBytes} bytes`));
      else controller.enqueue(part.slice()); // the next read may begin before the part is sent
      if (part === undefined || isExceeded) reader.releaseLock();
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return { body, rest: () => (isExceeded ? source : null) };
}
