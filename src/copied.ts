/** The bytes of a stream once more. */
export interface Copy {
  readonly body: ReadableStream<Uint8Array>;
  /** Aborts where the copy has become too old, or the stream broke off: what there is of it is not the whole. */
  readonly givenUp: AbortSignal;
}

/**
 * The same bytes twice. Who reads the body sets the pace. The copy is given up once it is more than `mostBehind` bytes
 * behind, since what was not read of it is kept in memory.
 */
export function copied(from: ReadableStream<Uint8Array>, mostBehind: number): { body: Copy["body"]; copy: Copy } {
  const gaveUp = new AbortController();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(
    undefined,
    new ByteLengthQueuingStrategy({ highWaterMark: mostBehind }),
  );
  const behind = writable.getWriter();
  behind.closed.catch(() => gaveUp.abort());
  const alsoTo = (part: Uint8Array | undefined) => {
    if (part && (behind.desiredSize ?? 0) < part.byteLength) gaveUp.abort();
    if (gaveUp.signal.aborted) return;
    const taken = part ? behind.write(part.slice()) : behind.close();
    taken.catch(() => {}); // who reads it has failed, and is told by its own means
  };
  const reader = from.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        gaveUp.abort();
        throw error;
      });
      alsoTo(value);
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason) {
      gaveUp.abort();
      await reader.cancel(reason);
    },
  });
  return { body, copy: { body: readable, givenUp: gaveUp.signal } };
}
