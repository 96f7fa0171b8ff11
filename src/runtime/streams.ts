import { withTimeout } from "./timeout.ts";

interface RequestWithBody {
  readonly request: Request;
  readonly body: ReadableStream | null;
}

/** Whether a request has a body that can be replaced. A fetch accepts no other body for GET. */
export function hasStreamableBody<T extends RequestWithBody>(
  exchange: T,
): exchange is T & { readonly body: ReadableStream<Uint8Array> } {
  return exchange.body !== null && !isBodylessMethod(exchange.request.method);
}

/** Whether a fetch with this method accepts no body, except in the client's own request. */
export function isBodylessMethod(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

// Only workerd has it. `explain` runs filters in Node, but sends no bodies.
const { FixedLengthStream } = globalThis as unknown as {
  FixedLengthStream?: new (
    length: number,
  ) => { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> };
};

/** Returns connected writable and readable streams. A known length becomes the Content-Length. */
export function createPipe(length: string | null) {
  if (length === null || FixedLengthStream === undefined) return new TransformStream<Uint8Array, Uint8Array>();
  return new FixedLengthStream(Number(length));
}

/** The origin did not read the body in time. */
export class UploadStalledError extends Error {}

/** Pipes a stream. Throws `UploadStalledError` if the destination does not accept a part within `ms`. */
export async function pumpWithWriteTimeout(
  source: ReadableStream<Uint8Array>,
  destination: WritableStream<Uint8Array>,
  ms: number,
): Promise<void> {
  const writer = destination.getWriter();
  try {
    for await (const chunk of source) {
      const write = writer.write(chunk).then(() => true);
      if (!(await withTimeout(write, ms))) throw new UploadStalledError(`the origin read nothing for ${ms} ms`);
    }
    await writer.close();
  } finally {
    writer.releaseLock();
  }
}

/** Pipes a stream. Aborts both ends if the source sends nothing for `ms`. */
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

/** A copy of a stream. */
export interface TeeBranch {
  readonly body: ReadableStream<Uint8Array>;
  /** Aborts if the copy is incomplete, because it was too far behind or the stream failed. */
  readonly aborted: AbortSignal;
}

/**
 * Copies a stream at the pace of the body's reader. Aborts the copy if it is more than `maxLagBytes` behind, because
 * unread bytes stay in memory.
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
    write.catch(() => {}); // its reader has failed, and reports the error itself
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
