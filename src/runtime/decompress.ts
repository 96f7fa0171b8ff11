/** Returns decompressed bytes of gzip. Rejects if they are damaged or more than `maxBytes`, before it has read them all. */
export async function gunzip(bytes: Uint8Array<ArrayBuffer>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const source = new Response(bytes).body as ReadableStream<Uint8Array<ArrayBuffer>>;
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of source.pipeThrough(new DecompressionStream("gzip"))) {
    length += part.length;
    if (length > maxBytes) throw new Error(`more than ${maxBytes} bytes after decompression`);
    parts.push(part);
  }
  return concatenate(parts, length);
}

function concatenate(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
