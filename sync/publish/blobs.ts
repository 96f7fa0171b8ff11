import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod/mini";
import type { Kv } from "../cloudflare/kv.ts";
import { computeDigest } from "./canonical-json.ts";

/**
 * Pauses between reads of a new blob, in write intervals: 104 s in total. KV may return an older value, or none, for
 * "60 seconds or more": https://developers.cloudflare.com/kv/concepts/how-kv-works/
 */
const READ_BACK_PAUSES = [1, 2, 4, 8, 16, 32, 32];

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

/**
 * Writes blobs, and waits until KV returns each as written. It writes each once, because a read may be stale. Rejects if a
 * blob does not appear.
 */
export async function writeBlobs(kv: Kv, entries: ReadonlyMap<string, string>, label: string): Promise<void> {
  if (entries.size === 0) return;
  await kv.put([...entries].map(([key, value]) => ({ key, value })));
  let missingEntries = await findUnreadable(kv, [...entries]);
  for (const pause of READ_BACK_PAUSES) {
    if (missingEntries.length === 0) return;
    await sleep(pause * kv.writeIntervalMs);
    missingEntries = await findUnreadable(kv, missingEntries);
  }
  if (missingEntries.length > 0)
    throw new Error(`KV does not return ${missingEntries.length} of ${entries.size} ${label} as written`);
}

type BlobEntry = readonly [key: string, value: string];

async function findUnreadable(kv: Kv, entries: readonly BlobEntry[]): Promise<readonly BlobEntry[]> {
  const storedValues = await kv.getMany(entries.map(([key]) => key));
  return entries.filter(([key, value]) => storedValues.get(key) !== value);
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
