import type { Exchange } from "../request/exchange.ts";
import { createPipe, isBodylessMethod, pumpWithWriteTimeout, UploadStalledError } from "../runtime/streams.ts";
import { withTimeout } from "../runtime/timeout.ts";

/** Bodies up to this are kept, so that another address can be asked. */
const MAX_BUFFERED_BODY_BYTES = 64 * 1024;

/** A request's body, on its way to an origin. */
export interface OutgoingBody {
  readonly input: string | Request;
  /** Left out where the request brings it. */
  readonly method?: string;
  readonly body?: ReadableStream | ArrayBuffer | null;
  /**
   * Resolves when all of it has been taken. Where it breaks off this rejects, and the fetch must be aborted: workerd ends
   * a body that fails as if it were whole.
   */
  readonly completion: Promise<void>;
}

/** A body made ready to be sent: whether it can be sent again, and each sending of it. */
export interface RequestBody {
  readonly isRepeatable: boolean;
  readonly send: (url: string) => OutgoingBody;
}

/** Makes a request's body ready. One that is small, and may be wanted again, is read whole first. */
export async function prepareBody({ request, body, upstream }: Exchange, mayRetry: boolean): Promise<RequestBody> {
  const completion = Promise.resolve();
  const { method } = request;
  if (body === null) return { isRepeatable: true, send: (input) => ({ input, method, body: null, completion }) };
  // A GET may have a body, but a fetch takes it only with the client's own request.
  if (isBodylessMethod(method))
    return { isRepeatable: false, send: (url) => ({ input: new Request(url, request), completion }) };
  const length = request.headers.get("Content-Length");
  if (mayRetry && length !== null && Number(length) <= MAX_BUFFERED_BODY_BYTES) {
    const buffer = await new Response(body).arrayBuffer();
    return { isRepeatable: true, send: (input) => ({ input, method, body: buffer, completion }) };
  }
  return { isRepeatable: false, send: (input) => ({ input, method, ...streamBody(body, length, upstream?.sendMs) }) };
}

function streamBody(body: ReadableStream<Uint8Array>, length: string | null, sendMs: number | undefined) {
  const { readable, writable } = createPipe(length);
  const pipe =
    sendMs === undefined ? body.pipeTo(writable, { preventAbort: true }) : pumpWithWriteTimeout(body, writable, sendMs);
  // An origin may answer without reading on: that is no break.
  const completion = pipe.catch(async (error: unknown) => {
    if (error instanceof UploadStalledError || !(await isClosed(writable))) throw error;
  });
  return { body: readable, completion };
}

async function isClosed(stream: WritableStream): Promise<boolean> {
  const returnTrue = () => true;
  return (await withTimeout(stream.getWriter().closed.then(returnTrue, returnTrue), 0)) ?? false;
}
