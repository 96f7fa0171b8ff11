import type { Env } from "../env.ts";
import { errorMessage } from "../rules/error-message.ts";
import { CURRENT_KEY } from "../rules/kv-keys.ts";
import { withTimeout } from "../runtime/timeout.ts";

/** A visitor waits this long for KV if the location has no copy of the value. */
const KV_TIMEOUT_MS = 3000;
/** A visitor waits this long for KV if the location has a copy. */
export const USE_COPY_AFTER_MS = 1000;
const CACHE_TIMEOUT_MS = 1000;
/** The minimum of KV. KV caches a missing key for the same time. */
const MANIFEST_TTL_S = 30;
const BLOB_TTL_S = 60;
/** KV allows 100 keys and 25 MB in one read: https://developers.cloudflare.com/kv/api/read-key-value-pairs/ */
const MAX_BATCH_KEYS = 9; // of up to MAX_SHARD_BYTES, in base64
/** A Worker has 6 connections for each request, and the visitor's request needs some while another one is loaded. */
const MAX_CONCURRENT_READS = 3;
const CACHE_TTL_S = 7 * 24 * 3600;
const STORED_AT_HEADER = "X-Stored-At"; // Unix ms

/** A read of KV failed, or was not answered in time. */
export class KvUnavailableError extends Error {}

/** The published values. */
export interface KvStore {
  manifest(): Promise<string>;
  /** Returns the values of blobs by key. A missing one has no entry. */
  blobs(keys: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** The copy of a value in this location, and the time at which KV last returned it (Unix ms). */
export interface StoredCopy {
  readonly value: string;
  readonly storedAt: number;
}

export function createKvStore({ RULES }: Env): KvStore {
  return {
    async manifest() {
      const bytes = await withKvTimeout(RULES.get(CURRENT_KEY, { type: "text", cacheTtl: MANIFEST_TTL_S }));
      if (bytes === null) throw new Error("no snapshot is published");
      return bytes;
    },
    async blobs(keys) {
      // One operation, and one charge, for all keys of a batch.
      const results = await readInLanes(splitIntoBatches(keys), (batch) =>
        withKvTimeout(RULES.get(batch, { type: "text", cacheTtl: BLOB_TTL_S })),
      );
      return dropMissing(results.flatMap((result) => [...result]));
    },
  };
}

/** Returns the copy of the last valid read, so that an isolate can start during an outage of KV. It never rejects. */
export async function readCopy(key: string): Promise<StoredCopy | undefined> {
  return await withTimeout(
    matchCopy(key).catch(() => undefined),
    CACHE_TIMEOUT_MS,
  );
}

async function matchCopy(key: string): Promise<StoredCopy | undefined> {
  const response = await caches.default.match(buildCacheUrl(key));
  return response && { value: await response.text(), storedAt: Number(response.headers.get(STORED_AT_HEADER)) };
}

/** Stores a copy. Never rejects, because the location may have no room. */
export async function putCopy(key: string, value: string): Promise<void> {
  const headers = { "Cache-Control": `max-age=${CACHE_TTL_S}`, [STORED_AT_HEADER]: String(Date.now()) };
  await caches.default.put(buildCacheUrl(key), new Response(value, { headers })).catch(() => {});
}

/** Reads batches, up to MAX_CONCURRENT_READS of them at the same time. */
async function readInLanes<T>(batches: readonly string[][], read: (batch: string[]) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  const queue = batches.values(); // shared, so that each batch is read by one lane
  const readLane = async () => {
    for (const batch of queue) results.push(await read(batch));
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENT_READS }, readLane));
  return results;
}

function dropMissing(entries: readonly (readonly [key: string, value: string | null | undefined])[]) {
  return new Map(entries.flatMap(([key, value]) => (typeof value === "string" ? [[key, value] as const] : [])));
}

function splitIntoBatches(keys: readonly string[]): string[][] {
  const count = Math.ceil(keys.length / MAX_BATCH_KEYS);
  return Array.from({ length: count }, (_, index) => keys.slice(index * MAX_BATCH_KEYS, (index + 1) * MAX_BATCH_KEYS));
}

function buildCacheUrl(key: string): string {
  return `https://snapshot.edgress.invalid/${key}`;
}

async function withKvTimeout<T>(read: Promise<T>): Promise<T> {
  const result = await withTimeout(
    read.then(
      (value) => ({ value }),
      (error: unknown) => Promise.reject(new KvUnavailableError(errorMessage(error))),
    ),
    KV_TIMEOUT_MS,
  );
  if (result === undefined) throw createTimeoutError(KV_TIMEOUT_MS);
  return result.value;
}

/** Returns the error of a read that KV did not answer in time. */
export function createTimeoutError(ms: number): KvUnavailableError {
  return new KvUnavailableError(`no response from KV within ${ms} ms`);
}
