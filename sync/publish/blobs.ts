import * as z from "zod/mini";
import type { Kv } from "../cloudflare/kv.ts";
import { digestOf } from "./canonical.ts";

const WRITE_TRIES = 3;

/** A read that got part of what is named. What was got is `rest`, for whoever decides to go on with it. */
export class PartlyReadError<T> extends Error {
  // Private, so that no log shows all of it.
  readonly #rest: T;

  constructor(message: string, rest: T) {
    super(message);
    this.#rest = rest;
  }

  get rest(): T {
    return this.#rest;
  }
}

/** What was read of blobs that lie in KV under their own digests. */
export interface Blobs<T> {
  readonly values: ReadonlyMap<string, T>; // by digest
  readonly lost: readonly Lost[];
}

/** A blob that cannot be had, and why: "is not in KV". */
export interface Lost {
  readonly digest: string;
  readonly problem: string;
}

/** Reads blobs in bulk. Each must have the digest that names it, and the schema's form. Rejects only where KV does. */
export async function readBlobs<T>(
  kv: Kv,
  digests: readonly string[],
  keyOf: (digest: string) => string,
  schema: z.core.$ZodType<T>,
): Promise<Blobs<T>> {
  const texts = await kv.getMany(digests.map(keyOf));
  const values = new Map<string, T>();
  const lost: Lost[] = [];
  for (const digest of digests) {
    const read = blobOf(texts.get(keyOf(digest)), digest, schema);
    if (typeof read === "string") lost.push({ digest, problem: read });
    else values.set(digest, read.value);
  }
  return { values, lost };
}

/** Writes blobs until what is read back is what was written. Rejects where KV never gives one back. */
export async function writeBlobs(kv: Kv, wanted: ReadonlyMap<string, string>, what: string): Promise<void> {
  let missing = [...wanted];
  for (let tries = 0; missing.length > 0; tries++) {
    if (tries === WRITE_TRIES)
      throw new Error(`KV does not give back ${missing.length} of ${wanted.size} ${what} as written`);
    await kv.put(missing.map(([key, value]) => ({ key, value })));
    const found = await kv.getMany(missing.map(([key]) => key));
    missing = missing.filter(([key, value]) => found.get(key) !== value);
  }
}

/** What is lost, as part of a line: the first, and how many more. */
export function lostText([first, ...others]: readonly Lost[], what: string): string {
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return `${what} ${first?.digest} ${first?.problem}${more}`;
}

function blobOf<T>(text: string | undefined, digest: string, schema: z.core.$ZodType<T>): { value: T } | string {
  if (text === undefined) return "is not in KV";
  if (digestOf(text) !== digest) return "has other bytes than its name says";
  const read = z.safeParse(schema, JSON.parse(text));
  if (read.success) return { value: read.data };
  return `cannot be read at ${read.error.issues[0]?.path.join(".") || "the top"}`;
}
