import { isBodyless, pipeOf } from "../body.ts";
import type { Exchange } from "../exchange.ts";

/** Bodies up to this are kept, so that another address can be asked. */
const MOST_KEPT_BYTES = 64 * 1024;

/** A request's body, on its way to an origin. */
export interface Sending {
  readonly asked: string | Request;
  readonly body?: ReadableStream | ArrayBuffer | null;
  /** Resolves when all of it has been taken; never where it breaks off, as the fetch then fails by itself. */
  readonly sent: Promise<void>;
}

/** A body made ready to be sent: whether it can be sent again, and each sending of it. */
export interface Body {
  readonly again: boolean;
  readonly send: (url: string, stalled: () => void) => Sending;
}

/** Makes a request's body ready. One that is small, and may be wanted again, is read whole first. */
export async function bodyOf({ request, body, upstream }: Exchange, mayBeWantedAgain: boolean): Promise<Body> {
  const done = Promise.resolve();
  if (body === null) return { again: true, send: (url) => ({ asked: url, body: null, sent: done }) };
  // A GET may have a body, but a fetch takes it only with the client's own request.
  if (isBodyless(request.method)) {
    return { again: false, send: (url) => ({ asked: new Request(url, request), sent: done }) };
  }
  const length = request.headers.get("Content-Length");
  if (mayBeWantedAgain && length !== null && Number(length) <= MOST_KEPT_BYTES) {
    const kept = await new Response(body).arrayBuffer();
    return { again: true, send: (url) => ({ asked: url, body: kept, sent: done }) };
  }
  return {
    again: false,
    send: (url, stalled) => ({ asked: url, ...streamed(body, length, upstream?.sendMs, stalled) }),
  };
}

function streamed(
  body: ReadableStream<Uint8Array>,
  length: string | null,
  sendMs: number | undefined,
  stalled: () => void,
) {
  const { readable, writable } = pipeOf(length);
  const piped = sendMs === undefined ? body.pipeTo(writable) : pump(body, writable, sendMs, stalled);
  return { body: readable, sent: piped.catch(() => new Promise<void>(() => {})) };
}

/** Pipes part by part, to see how long each waits to be taken. */
async function pump(from: ReadableStream<Uint8Array>, to: WritableStream<Uint8Array>, ms: number, stalled: () => void) {
  const writer = to.getWriter();
  try {
    for await (const part of from) {
      const timer = setTimeout(stalled, ms);
      await writer.write(part).finally(() => clearTimeout(timer));
    }
    await writer.close();
  } catch (error) {
    await writer.abort(error);
    throw error;
  }
}
