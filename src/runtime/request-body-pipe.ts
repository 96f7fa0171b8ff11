import type { Exchange } from "../request/exchange.ts";

/** An exchange whose body may be read and replaced. */
type ExchangeWithBody = Exchange & { readonly body: ReadableStream<Uint8Array> };

/** Whether a request has a body that can be handed on in another stream. That of a GET can't: a fetch takes none. */
export function hasStreamableBody(exchange: Exchange): exchange is ExchangeWithBody {
  return exchange.body !== null && !isBodylessMethod(exchange.request.method);
}

/** Whether a fetch of the method must not be given a body; only a client's own request can have one. */
export function isBodylessMethod(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

// What only workerd has: Node, where `explain` reads filters, sends no bodies.
const { FixedLengthStream } = globalThis as unknown as {
  FixedLengthStream?: new (
    length: number,
  ) => { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> };
};

/** What one writes into and another reads from; where the length is known whoever reads it is told. */
export function createPipe(length: string | null) {
  if (length === null || FixedLengthStream === undefined) return new TransformStream<Uint8Array, Uint8Array>();
  return new FixedLengthStream(Number(length));
}
