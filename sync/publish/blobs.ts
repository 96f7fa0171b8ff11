import * as z from "zod/mini";
import type { Kv } from "../cloudflare/kv.ts";
import { computeDigest } from "./canonical-json.ts";

const MAX_BLOB_WRITE_ATTEMPTS = 3;

/** Thrown if some blobs cannot be read. A caller that tolerates the loss continues with `partialResult`. */
export class PartialReadError<T> extends Error {
  // Private, because a log of the error would print the whole result.
  readonly #partialResult: T;

  constructor(message: string, partialResult: T) {
    super(message);
    this.#partialResult = partialResult;
  }

  get partialResult(): T {
    return this.#partialResult;
  }
}

/**
 * Resolves with the partial result if blobs cannot be read, and calls `onLoss` with the problem. Without `onLoss`, it
 * rejects.
 */
export async function tolerateLoss<T>(
  reading: Promise<T>,
  onLoss: ((problem: string) => void) | undefined,
): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof PartialReadError) || !onLoss) throw error;
    onLoss(error.message);
    return error.partialResult as T; // of the same type
  }
}

/** Blobs that were read from KV, and blobs that are missing. Each key contains the digest of its blob. */
export interface BlobReadResult<T> {
  readonly values: ReadonlyMap<string, T>; // by digest
  readonly missingBlobs: readonly MissingBlob[];
}

/** A missing or damaged blob, and its problem: "is not in KV". */
export interface MissingBlob {
  readonly digest: string;
  readonly problem: string;
}

/** Reads blobs in bulk, and checks their digests and their schema. Rejects only if a request to KV fails. */
export async function readBlobs<T>(
  kv: Kv,
  digests: readonly string[],
  formatKey: (digest: string) => string,
  schema: z.core.$ZodType<T>,
): Promise<BlobReadResult<T>> {
  const texts = await kv.getMany(digests.map(formatKey));
  const values = new Map<string, T>();
  const missingBlobs: MissingBlob[] = [];
  for (const digest of digests) {
    const blob = parseBlob(texts.get(formatKey(digest)), digest, schema);
    if (typeof blob === "string") missingBlobs.push({ digest, problem: blob });
    else values.set(digest, blob.value);
  }
  return { values, missingBlobs };
}

/** Writes blobs and reads them back. Retries those that differ; rejects after 3 attempts. */
export async function writeBlobs(kv: Kv, entries: ReadonlyMap<string, string>, label: string): Promise<void> {
  let missingEntries = [...entries];
  for (let attempts = 0; missingEntries.length > 0; attempts++) {
    if (attempts === MAX_BLOB_WRITE_ATTEMPTS)
      throw new Error(`KV does not return ${missingEntries.length} of ${entries.size} ${label} as written`);
    await kv.put(missingEntries.map(([key, value]) => ({ key, value })));
    const storedValues = await kv.getMany(missingEntries.map(([key]) => key));
    missingEntries = missingEntries.filter(([key, value]) => storedValues.get(key) !== value);
  }
}

/** Formats the first missing blob, and the number of others, as part of a line. */
export function formatMissingBlobs([firstBlob, ...otherBlobs]: readonly MissingBlob[], label: string): string {
  const suffix = otherBlobs.length === 0 ? "" : `, and ${otherBlobs.length} more`;
  return `${label} ${firstBlob?.digest} ${firstBlob?.problem}${suffix}`;
}

function parseBlob<T>(text: string | undefined, digest: string, schema: z.core.$ZodType<T>): { value: T } | string {
  if (text === undefined) return "is not in KV";
  if (computeDigest(text) !== digest) return "does not match its digest";
  const result = z.safeParse(schema, JSON.parse(text));
  if (result.success) return { value: result.data };
  return `is invalid at ${result.error.issues[0]?.path.join(".") || "the top"}`;
}
