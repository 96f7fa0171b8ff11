import * as z from "zod/mini";
import type { Kv } from "../cloudflare/kv.ts";
import { computeDigest } from "./canonical-json.ts";

const MAX_BLOB_WRITE_ATTEMPTS = 3;

/** A read that got part of what is named. What was got is `rest`, for whoever decides to go on with it. */
export class PartialReadError<T> extends Error {
  // Private, so that no log shows all of it.
  readonly #partialResult: T;

  constructor(message: string, partialResult: T) {
    super(message);
    this.#partialResult = partialResult;
  }

  get partialResult(): T {
    return this.#partialResult;
  }
}

/** What was read of blobs that lie in KV under their own digests. */
export interface BlobReadResult<T> {
  readonly values: ReadonlyMap<string, T>; // by digest
  readonly missingBlobs: readonly MissingBlob[];
}

/** A blob that cannot be had, and why: "is not in KV". */
export interface MissingBlob {
  readonly digest: string;
  readonly problem: string;
}

/** Reads blobs in bulk. Each must have the digest that names it, and the schema's form. Rejects only where KV does. */
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

/** Writes blobs until what is read back is what was written. Rejects where KV never gives one back. */
export async function writeBlobs(kv: Kv, entries: ReadonlyMap<string, string>, label: string): Promise<void> {
  let missingEntries = [...entries];
  for (let attempts = 0; missingEntries.length > 0; attempts++) {
    if (attempts === MAX_BLOB_WRITE_ATTEMPTS)
      throw new Error(`KV does not give back ${missingEntries.length} of ${entries.size} ${label} as written`);
    await kv.put(missingEntries.map(([key, value]) => ({ key, value })));
    const storedValues = await kv.getMany(missingEntries.map(([key]) => key));
    missingEntries = missingEntries.filter(([key, value]) => storedValues.get(key) !== value);
  }
}

/** What is lost, as part of a line: the first, and how many more. */
export function formatMissingBlobs([firstBlob, ...otherBlobs]: readonly MissingBlob[], label: string): string {
  const suffix = otherBlobs.length === 0 ? "" : `, and ${otherBlobs.length} more`;
  return `${label} ${firstBlob?.digest} ${firstBlob?.problem}${suffix}`;
}

function parseBlob<T>(text: string | undefined, digest: string, schema: z.core.$ZodType<T>): { value: T } | string {
  if (text === undefined) return "is not in KV";
  if (computeDigest(text) !== digest) return "has other bytes than its name says";
  const result = z.safeParse(schema, JSON.parse(text));
  if (result.success) return { value: result.data };
  return `cannot be read at ${result.error.issues[0]?.path.join(".") || "the top"}`;
}
