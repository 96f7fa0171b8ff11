import { isBodyless, pipeOf } from "../body.ts";
import type { Exchange } from "../exchange.ts";
import { inTime } from "../in-time.ts";

/** Bodies up to this are kept, so that another address can be asked. */
const MOST_KEPT_BYTES = 64 * 1024;

/** A request's body, on its way to an origin. */
export interface Sending {
  readonly asked: string | Request;
  /** Left out where the request brings it. */
  readonly method?: string;
  readonly body?: ReadableStream | ArrayBuffer | null;
  /**
   * Resolves when all of it has been taken. Where it breaks off this rejects, and the fetch must be aborted: workerd ends
   * a body that fails as if it were whole.
   */
  readonly sent: Promise<void>;
}

/** A body made ready to be sent: whether it can be sent again, and each sending of it. */
export interface Body {
  readonly again: boolean;
  readonly send: (url: string) => Sending;
}

/** Why a body was not taken. */
export class Stalled extends Error {}

/** Makes a request's body ready. One that is small, and may be wanted again, is read whole first. */
export async function bodyOf({ request, body, upstream }: Exchange, mayBeWantedAgain: boolean): Promise<Body> {
  const sent = Promise.resolve();
  const { method } = request;
  if (body === null) return { again: true, send: (asked) => ({ asked, method, body: null, sent }) };
  // A GET may have a body, but a fetch takes it only with the client's own request.
  if (isBodyless(method)) return { again: false, send: (url) => ({ asked: new Request(url, request), sent }) };
  const length = request.headers.get("Content-Length");
  if (mayBeWantedAgain && length !== null && Number(length) <= MOST_KEPT_BYTES) {
    const kept = await new Response(body).arrayBuffer();
    return { again: true, send: (asked) => ({ asked, method, body: kept, sent }) };
  }
  return { again: false, send: (asked) => ({ asked, method, ...streamed(body, length, upstream?.sendMs) }) };
}

function streamed(body: ReadableStream<Uint8Array>, length: string | null, sendMs: number | undefined) {
  const { readable, writable } = pipeOf(length);
  const piped = sendMs === undefined ? body.pipeTo(writable, { preventAbort: true }) : pump(body, writable, sendMs);
  // An origin may answer without reading on: that is no break.
  const sent = piped.catch(async (error: unknown) => {
    if (error instanceof Stalled || !(await isEnded(writable))) throw error;
  });
  return { body: readable, sent };
}

async function isEnded(stream: WritableStream): Promise<boolean> {
  const ended = () => true;
  return (await inTime(stream.getWriter().closed.then(ended, ended), 0)) ?? false;
}

/** Pipes part by part, to see how long each waits to be taken. */
async function pump(from: ReadableStream<Uint8Array>, to: WritableStream<Uint8Array>, ms: number): Promise<void> {
  const writer = to.getWriter();
  try {
    for await (const part of from) {
      const taken = writer.write(part).then(() => true);
      if (!(await inTime(taken, ms))) throw new Stalled(`the origin took nothing for ${ms} ms`);
    }
    await writer.close();
  } finally {
    writer.releaseLock();
  }
}
