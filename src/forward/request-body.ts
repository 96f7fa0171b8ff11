import type { Exchange } from "../request/exchange.ts";
import { createPipe, isBodylessMethod, pumpWithWriteTimeout, UploadStalledError } from "../runtime/streams.ts";
import { withTimeout } from "../runtime/timeout.ts";

/** Bodies up to this size are buffered, so that the request can be retried. */
const MAX_BUFFERED_BODY_BYTES = 64 * 1024;

/** The input and body of one fetch to an origin. */
export interface OutgoingBody {
  readonly input: string | Request;
  /** Undefined if the input has it. */
  readonly method?: string;
  readonly body?: ReadableStream | ArrayBuffer | null;
  /**
   * Resolves when the origin has read the whole body. If it rejects, the fetch must be aborted, because workerd ends a
   * failed body as if it were complete. Undefined if the whole request is sent at once.
   */
  readonly completion?: Promise<void>;
}

/** A body that is ready to send. */
export interface RequestBody {
  readonly isRepeatable: boolean;
  readonly send: (url: string) => OutgoingBody;
}

/**
 * Prepares the body of a request. Buffers a small one if the request may be retried. Returns "length-required" for a GET
 * or HEAD in chunks, because workerd would drop its body.
 */
export async function prepareBody(
  { request, body, upstream }: Exchange,
  mayRetry: boolean,
): Promise<RequestBody | "length-required"> {
  const { method } = request;
  const withoutBody: RequestBody = { isRepeatable: true, send: (input) => ({ input, method, body: null }) };
  if (body === null) return withoutBody;
  const length = request.headers.get("Content-Length");
  if (isBodylessMethod(method)) {
    // Some clients send every GET in chunks, but without a body.
    if (length === null) return (await isEmpty(body)) ? withoutBody : "length-required";
    // A fetch accepts a GET with a body only as the client's own request.
    return { isRepeatable: false, send: (url) => ({ input: new Request(url, request) }) };
  }
  if (mayRetry && length !== null && Number(length) <= MAX_BUFFERED_BODY_BYTES) {
    const buffer = await new Response(body).arrayBuffer();
    return { isRepeatable: true, send: (input) => ({ input, method, body: buffer }) };
  }
  return { isRepeatable: false, send: (input) => ({ input, method, ...streamBody(body, length, upstream?.sendMs) }) };
}

/** Whether a stream ends without a byte. Reads no further than the first part. */
async function isEmpty(stream: ReadableStream<Uint8Array>): Promise<boolean> {
  for await (const part of stream) if (part.byteLength > 0) return false;
  return true;
}

function streamBody(body: ReadableStream<Uint8Array>, length: string | null, sendMs: number | undefined) {
  const { readable, writable } = createPipe(length);
  const pipe =
    sendMs === undefined ? body.pipeTo(writable, { preventAbort: true }) : pumpWithWriteTimeout(body, writable, sendMs);
  // An origin may respond without reading the rest, which is not an error.
  const completion = pipe.catch(async (error: unknown) => {
    if (error instanceof UploadStalledError || !(await isClosed(writable))) throw error;
  });
  return { body: readable, completion };
}

async function isClosed(stream: WritableStream): Promise<boolean> {
  const returnTrue = () => true;
  return (await withTimeout(stream.getWriter().closed.then(returnTrue, returnTrue), 0)) ?? false;
}
