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
