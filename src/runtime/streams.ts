import { withTimeout } from "./timeout.ts";

interface RequestWithBody {
  readonly request: Request;
  readonly body: ReadableStream | null;
}

/** Whether a request has a body that can be handed on in another stream. That of a GET can't: a fetch takes none. */
export function hasStreamableBody<T extends RequestWithBody>(
  exchange: T,
): exchange is T & { readonly body: ReadableStream<Uint8Array> } {
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

/** Why a body was not taken. */
export class UploadStalledError extends Error {}

/** Pipes part by part, to see how long each waits to be taken. */
export async function pumpWithWriteTimeout(
  source: ReadableStream<Uint8Array>,
  destination: WritableStream<Uint8Array>,
  ms: number,
): Promise<void> {
  const writer = destination.getWriter();
  try {
    for await (const chunk of source) {
      const write = writer.write(chunk).then(() => true);
      if (!(await withTimeout(write, ms))) throw new UploadStalledError(`the origin took nothing for ${ms} ms`);
    }
    await writer.close();
  } finally {
    writer.releaseLock();
  }
}

/** Pipes part by part, and fails if the source is silent for longer than `ms`. */
export async function pumpWithIdleTimeout(
  source: ReadableStream<Uint8Array>,
  destination: WritableStream<Uint8Array>,
  ms: number,
): Promise<void> {
  const reader = source.getReader();
  const writer = destination.getWriter();
  try {
    for (;;) {
      const chunk = await withTimeout(reader.read(), ms);
      if (!chunk) throw new Error(`nothing from the origin for ${ms} ms`);
      if (chunk.done) break;
      await writer.write(chunk.value);
    }
    await writer.close();
  } catch (error) {
    await Promise.allSettled([reader.cancel(error), writer.abort(error)]);
  }
}

/** The bytes of a stream once more. */
export interface TeeBranch {
  readonly body: ReadableStream<Uint8Array>;
  /** Aborts where the copy has become too old, or the stream broke off: what there is of it is not the whole. */
  readonly aborted: AbortSignal;
}

/**
 * The same bytes twice. Who reads the body sets the pace. The copy is given up once it is more than `mostBehind` bytes
 * behind, since what was not read of it is kept in memory.
 */
export function teeWithMaxLag(
  source: ReadableStream<Uint8Array>,
  maxLagBytes: number,
): { body: TeeBranch["body"]; copy: TeeBranch } {
  const abortController = new AbortController();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(
    undefined,
    new ByteLengthQueuingStrategy({ highWaterMark: maxLagBytes }),
  );
  const writer = writable.getWriter();
  writer.closed.catch(() => abortController.abort());
  const writeToCopy = (part: Uint8Array | undefined) => {
    if (part && (writer.desiredSize ?? 0) < part.byteLength) abortController.abort();
    if (abortController.signal.aborted) return;
    const write = part ? writer.write(part.slice()) : writer.close();
    write.catch(() => {}); // who reads it has failed, and is told by its own means
  };
  const reader = source.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        abortController.abort();
        throw error;
      });
      writeToCopy(value);
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason) {
      abortController.abort();
      await reader.cancel(reason);
    },
  });
  return { body, copy: { body: readable, aborted: abortController.signal } };
}
