import type { Env } from "../env.ts";
import { withTimeout } from "../runtime/timeout.ts";
import { computeAge, logEvent } from "./log-event.ts";
import { createKvStore, createTimeoutError, putCopy, readCopy, USE_COPY_AFTER_MS } from "./snapshot-store.ts";

/** Runs work after the response. */
export type Background = Pick<ExecutionContext, "waitUntil">;

/** The values of some blobs, read from KV at once. */
export interface BlobReader {
  /** Decodes a blob: of KV, or else the copy in this location. Rejects if both are missing or damaged. */
  decode<T>(key: string, decoder: (value: string) => Promise<T>): Promise<T>;
}

type BlobValues = ReadonlyMap<string, string> | Error;

/**
 * Reads blobs in as few operations as possible. No value is decoded before it is needed. A copy of the location replaces
 * a value that KV does not return in time, because its digest is checked too.
 */
export async function readBlobValues(keys: readonly string[], env: Env, background: Background): Promise<BlobReader> {
  const read: Promise<BlobValues> = keys.length === 0 ? Promise.resolve(new Map()) : readFromKv(keys, env);
  const readInTime = await withTimeout(read, USE_COPY_AFTER_MS);
  let copies: Promise<void> = Promise.resolve();
  const decodeValue = async <T>(values: BlobValues, key: string, decoder: (value: string) => Promise<T>) => {
    const value = findValue(values, key);
    const blob = await decoder(value);
    // One after the other, because a request has 6 connections, and the origin needs one.
    copies = copies.then(() => putCopy(key, value));
    background.waitUntil(copies);
    return blob;
  };
  return {
    async decode(key, decoder) {
      try {
        return await decodeValue(readInTime ?? createTimeoutError(USE_COPY_AFTER_MS), key, decoder);
      } catch (error) {
        const copy = await decodeCopy(key, decoder);
        if (copy) {
          logEvent("shard-from-cache", { reason: error, key, ageSeconds: computeAge(copy.storedAt) });
          return copy.blob;
        }
        if (readInTime) throw error;
        return await decodeValue(await read, key, decoder);
      }
    },
  };
}

function findValue(values: BlobValues, key: string): string {
  if (values instanceof Error) throw values;
  const value = values.get(key);
  if (value === undefined) throw new Error(`not found: ${key}`);
  return value;
}

/** Decodes the copy of this location. Undefined if it is missing or damaged. */
async function decodeCopy<T>(key: string, decoder: (value: string) => Promise<T>) {
  const copy = await readCopy(key);
  if (!copy) return undefined;
  return await decoder(copy.value).then(
    (blob) => ({ blob, storedAt: copy.storedAt }),
    () => undefined,
  );
}

/** Returns the values, or the error of the read, because each blob may have a copy in this location. */
async function readFromKv(keys: readonly string[], env: Env): Promise<BlobValues> {
  return await createKvStore(env)
    .blobs(keys)
    .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
}
