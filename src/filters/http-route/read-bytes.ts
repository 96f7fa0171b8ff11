/** Reads a stream to its end. Returns "too-large", and cancels it, if it has more than `maxBytes`. */
export async function readBytes(
  source: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | "too-large"> {
  const parts: Uint8Array[] = [];
  let byteCount = 0;
  for await (const part of source) {
    byteCount += part.byteLength;
    if (byteCount > maxBytes) return "too-large"; // which ends the iteration, and cancels the stream
    parts.push(part.slice());
  }
  const bytes = new Uint8Array(byteCount);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}
