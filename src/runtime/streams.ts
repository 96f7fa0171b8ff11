import { createPartReader, isFull, type PartReader } from "./part-reader.ts";
import { limitWaits, type StallTimer } from "./stall-timer.ts";

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

interface BytePipe {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

// Only workerd has them. `explain` runs filters in Node, but sends no bodies.
const { FixedLengthStream, IdentityTransformStream } = globalThis as unknown as {
  FixedLengthStream?: new (length: number) => BytePipe;
  IdentityTransformStream?: new () => BytePipe;
};

/** Returns connected writable and readable streams. A known length becomes the Content-Length. */
export function createPipe(length: string | null): BytePipe {
  if (FixedLengthStream === undefined || IdentityTransformStream === undefined) return new TransformStream();
  return length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
}

/** Pause between two looks at a copy, which holds the bytes that arrive meanwhile. */
const MAX_PAUSE_MS = 100;

/** The origin did not read the body in time. */
export class UploadStalledError extends Error {}

/** Pipes a stream. Throws `UploadStalledError` if the destination does not accept a part within `ms`. */
export async function pumpWithWriteTimeout(
  source: ReadableStream<Uint8Array>,
  destination: WritableStream<Uint8Array>,
  ms: number,
): Promise<void> {
  const reader = createPartReader(source);
  const writer = destination.getWriter();
  const createError = () => new UploadStalledError(`the origin read nothing for ${ms} ms`);
  try {
    await limitWaits(ms, createError, async (timer) => {
      for (let part = await reader.read(); part !== undefined; part = await reader.read()) {
        timer.start();
        await writer.write(part);
        timer.stop();
      }
      await writer.close();
    });
  } catch (error) {
    void reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    writer.releaseLock();
  }
}

/** Pipes a stream. Aborts both ends if the source sends nothing for `ms`, or if `expiry` aborts. */
export async function pumpWithIdleTimeout(
  source: ReadableStream<Uint8Array>,
  destination: WritableStream<Uint8Array>,
  ms: number,
  expiry?: AbortSignal,
): Promise<void> {
  const reader = createPartReader(source);
  const writer = destination.getWriter();
  const createError = () => new Error(`nothing from the origin for ${ms} ms`);
  try {
    const pump = async (timer: StallTimer) => {
      for (;;) {
        timer.start();
        const part = await reader.read();
        timer.stop();
        if (part === undefined) break;
        await writer.write(part);
      }
      await writer.close();
    };
    await limitWaits(ms, createError, pump, expiry);
  } catch (error) {
    await Promise.allSettled([reader.cancel(error), writer.abort(error)]);
  }
}

/**
 * Pipes a stream of events. Aborts both ends if no event passes for `ms`, up to 100 ms late, or if `expiry` aborts. Only a
 * copy is read, now and then: a script that reads each event would cost three times as much as the pipe. Unlike
 * `pumpWithIdleTimeout`, it also aborts if the destination accepts nothing for `ms`.
 */
export async function pipeEventsWithIdleTimeout(
  source: ReadableStream<Uint8Array>,
  destination: WritableStream<Uint8Array>,
  ms: number,
  expiry?: AbortSignal,
): Promise<void> {
  const [events, copy] = source.tee();
  const reader = createPartReader(copy);
  const abortController = new AbortController();
  const createError = () => new Error(`no event for ${ms} ms`);
  const pauseMs = Math.min(MAX_PAUSE_MS, ms / 10);
  limitWaits(ms, createError, (timer) => sampleToEnd(reader, timer, pauseMs), expiry).catch((error: unknown) =>
    abortController.abort(error),
  );
  const reason = await events.pipeTo(destination, { signal: abortController.signal }).catch((error: unknown) => error);
  await reader.cancel(reason).catch(() => {});
}

/** Reads the arrived bytes, pauses, and repeats until the end. */
async function sampleToEnd(reader: PartReader, timer: StallTimer, pauseMs: number): Promise<void> {
  for (;;) {
    timer.start();
    const part = await reader.read();
    timer.stop();
    if (part === undefined) return;
    if (!isFull(part)) await new Promise((resolve) => setTimeout(resolve, pauseMs));
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
