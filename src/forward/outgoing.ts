import type { Exchange } from "../exchange.ts";

/** A client's request on its way to an origin. */
export interface Outgoing {
  readonly request: Request;
  /** Resolves when the body has been sent whole; never rejects. */
  readonly sent: Promise<void>;
}

/** The client's request for another URL: method and body, streamed. Its headers are for the fetch to set. */
export function outgoing(url: string, { request: from, body }: Pick<Exchange, "request" | "body">): Outgoing {
  // A GET may have a body, but none may be given to it anew.
  if (!body || from.method === "GET" || from.method === "HEAD") {
    return { request: new Request(url, from), sent: Promise.resolve() };
  }
  const { readable, writable } = streamOf(from.headers.get("Content-Length"));
  // One that breaks off breaks the fetch, which then says so.
  const sent = body.pipeTo(writable).catch(() => new Promise<void>(() => {}));
  return { request: new Request(url, { method: from.method, body: readable }), sent };
}

/** Of known length, so that the origin is told it. */
function streamOf(length: string | null): IdentityTransformStream {
  return length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
}
