// A small read costs 50 µs of CPU like a large one, but workerd allocates a buffer of the full size for each.
const MIN_PART_BYTES = 4 * 1024;
const MAX_PART_BYTES = 512 * 1024;
const GROWTH = 4;
const SMALL_SHARE = 1 / 16; // of a buffer that is too large

/** A reader of a stream of bytes. */
export interface PartReader {
  /** Resolves with the next bytes as soon as there are any, or undefined at the end. They are valid until the next read. */
  read(): Promise<Uint8Array | undefined>;
  cancel(reason: unknown): Promise<void>;
  releaseLock(): void;
}

/** Locks a stream and reads it in parts of up to 512 KiB. A fast stream gets larger parts. */
export function createPartReader(source: ReadableStream<Uint8Array>): PartReader {
  const reader = openByobReader(source);
  return reader ? createGrowingReader(reader) : createDefaultReader(source);
}

/** Returns undefined for the stream of a script, which supplies parts. */
function openByobReader(source: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return source.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

function createGrowingReader(reader: ReadableStreamBYOBReader): PartReader {
  let buffer = new ArrayBuffer(MIN_PART_BYTES);
  return {
    async read() {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done || value === undefined) return undefined;
      const size = chooseSize(value);
      buffer = size === value.buffer.byteLength ? value.buffer : new ArrayBuffer(size);
      return value;
    },
    cancel: (reason) => reader.cancel(reason),
    releaseLock: () => reader.releaseLock(),
  };
}

/** Whether a part fills its buffer, so that more bytes may be there already. */
export function isFull(part: Uint8Array): boolean {
  return part.byteLength === part.buffer.byteLength;
}

/** Returns the size of the next buffer. A stream that has become slow gives memory back. */
function chooseSize(part: Uint8Array): number {
  const size = part.buffer.byteLength;
  if (isFull(part)) return Math.min(size * GROWTH, MAX_PART_BYTES);
  return part.byteLength < size * SMALL_SHARE ? Math.max(size / GROWTH, MIN_PART_BYTES) : size;
}

function createDefaultReader(source: ReadableStream<Uint8Array>): PartReader {
  const reader = source.getReader();
  return {
    read: async () => (await reader.read()).value,
    cancel: (reason) => reader.cancel(reason),
    releaseLock: () => reader.releaseLock(),
  };
}
