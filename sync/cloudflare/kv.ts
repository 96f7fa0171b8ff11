import { setTimeout as sleep } from "node:timers/promises";
import Cloudflare from "cloudflare";
import { withCallRules } from "./call-rules.ts";

export interface KvEntry {
  key: string;
  value: string;
  /** Shown with the key in a list; up to 1,024 bytes as JSON. A write without metadata clears it. */
  metadata?: object;
}

/** Operations of Workers KV that publishing uses. */
export interface Kv {
  readonly namespaceId: string;
  /** Minimum time between two writes of a key. */
  readonly writeIntervalMs: number;
  /** Resolves with undefined if the key does not exist. */
  get(key: string): Promise<string | undefined>;
  /** Resolves with the values of existing keys. */
  getMany(keys: readonly string[]): Promise<Map<string, string>>;
  /**
   * Resolves when every entry is written. Mode `once` is for a single entry that must not be written late: it has no
   * retries and a timeout of 4.5 s.
   */
  put(entries: readonly KvEntry[], mode?: "once"): Promise<void>;
  /** Lists all keys that start with `prefix`. */
  list(prefix: string): Promise<string[]>;
  /** Lists all keys that start with `prefix`, with their metadata. Undefined if a key has none. */
  listMetadata(prefix: string): Promise<Map<string, unknown>>;
  remove(keys: readonly string[]): Promise<void>;
}

// https://developers.cloudflare.com/kv/platform/limits/
const MAX_READ_KEYS = 100;
const MAX_WRITE_KEYS = 10_000;
const MAX_WRITE_BYTES = 95_000_000; // the limit is 100 MB, including quotes and escapes of JSON
const MAX_WRITE_ATTEMPTS = 4;
/** Shorter than the time between a leader's renew deadline and the expiry of its Lease. */
const SINGLE_WRITE = { maxAttempts: 1, attemptTimeoutMs: 4500 };
/** An upload of 95 MB takes longer than other calls. */
const UPLOAD_BYTES_PER_MS = 1000;
const WRITE_INTERVAL_MS = 1100; // KV allows one write per second to the same key

/** Creates a client of Workers KV through the REST API. Keys that a bulk write left out are retried. */
export function createKv(
  client: Cloudflare,
  accountId: string,
  namespaceId: string,
  writeIntervalMs: number = WRITE_INTERVAL_MS,
): Kv {
  const namespaces = client.kv.namespaces;
  const account = { account_id: accountId };
  const namespace = { ...account, namespace_id: namespaceId };
  // A write that failed may be done, so its repetition must keep the interval too.
  const rules = { retryDelayMs: writeIntervalMs };
  const writeBatch = async (batch: readonly KvEntry[]) => {
    const write = () => namespaces.bulkUpdate(namespaceId, { ...account, body: [...batch] });
    const uploadMs = batch.reduce((sum, { value }) => sum + value.length, 0) / UPLOAD_BYTES_PER_MS;
    return (await withCallRules({ ...rules, uploadMs }, write))?.unsuccessful_keys;
  };
  const writeSingle = async (entry: KvEntry, mode: "once" | undefined) => {
    const write = () => namespaces.values.update(entry.key, { ...namespace, ...buildForm(entry) });
    await withCallRules(mode ? SINGLE_WRITE : rules, write);
  };
  const removeBatch = async (batch: readonly string[]) =>
    (await namespaces.bulkDelete(namespaceId, { ...account, body: [...batch] }))?.unsuccessful_keys;
  const listKeys = (prefix: string) =>
    listAll((cursor) => namespaces.keys.list(namespaceId, { ...account, prefix, ...cursor }));

  return {
    namespaceId,
    writeIntervalMs,
    get: (key) => readIfPresent(async () => await (await namespaces.values.get(key, namespace)).text()),
    getMany: (keys) =>
      readInBatches(keys, (batch) => namespaces.bulkGet(namespaceId, { ...account, keys: batch, type: "text" })),
    async put(entries, mode) {
      const [entry, ...otherEntries] = entries;
      if (entry && otherEntries.length === 0) return writeSingle(entry, mode);
      const batches = splitIntoBatches(entries, MAX_WRITE_KEYS, measureEntry);
      await retryBatches(batches, ({ key }) => key, writeBatch, "written", writeIntervalMs);
    },
    list: async (prefix) => (await listKeys(prefix)).map(({ name }) => name),
    listMetadata: async (prefix) =>
      new Map((await listKeys(prefix)).map(({ name, metadata }) => [name, metadata ?? undefined])),
    remove: (keys) =>
      retryBatches(
        splitIntoBatches(keys, MAX_WRITE_KEYS, () => 0),
        (key) => key,
        removeBatch,
        "removed",
        writeIntervalMs,
      ),
  };
}

/** Reads the values of existing keys. Absent keys come back as null. */
async function readInBatches(
  keys: readonly string[],
  readBatch: (batch: string[]) => PromiseLike<{ readonly values?: Readonly<Record<string, unknown>> } | null>,
): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (const batch of splitIntoBatches(keys, MAX_READ_KEYS, () => 0)) {
    for (const [key, value] of Object.entries((await readBatch(batch))?.values ?? {}))
      if (typeof value === "string") values.set(key, value);
  }
  return values;
}

/** Returns the form of a single write. Its metadata is JSON; an object would become several fields. */
function buildForm({ value, metadata }: KvEntry): { value: string; metadata?: string } {
  return { value, ...(metadata && { metadata: JSON.stringify(metadata) }) };
}

async function readIfPresent(read: () => Promise<string>): Promise<string | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Cloudflare.NotFoundError) return undefined;
    throw error;
  }
}

type ListedKey = { readonly name: string; readonly metadata?: unknown };
type Page = { result: readonly ListedKey[]; result_info?: { cursor?: string } };

/** Lists keys by cursor, because a page may be empty without being the last. The iterator of the SDK stops there. */
async function listAll(fetchPage: (cursor: { cursor?: string }) => PromiseLike<Page>): Promise<ListedKey[]> {
  const keys: ListedKey[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await fetchPage(cursor ? { cursor } : {});
    keys.push(...page.result);
    cursor = page.result_info?.cursor;
    if (!cursor) return keys;
  }
}

async function retryBatches<T>(
  batches: readonly T[][],
  getKey: (item: T) => string,
  attempt: (batch: readonly T[]) => Promise<readonly string[] | undefined>,
  action: string,
  writeIntervalMs: number,
): Promise<void> {
  for (const batch of batches) {
    let remainingItems: readonly T[] = batch;
    for (let attempts = 1; ; attempts++) {
      const failedKeys = new Set(await attempt(remainingItems));
      remainingItems = remainingItems.filter((item) => failedKeys.has(getKey(item)));
      if (remainingItems.length === 0) break;
      if (attempts === MAX_WRITE_ATTEMPTS)
        throw new Error(
          `Workers KV: ${remainingItems.length} keys were not ${action} after ${MAX_WRITE_ATTEMPTS} attempts`,
        );
      await sleep(writeIntervalMs);
    }
  }
}

function splitIntoBatches<T>(items: readonly T[], maxItems: number, measureItem: (item: T) => number): T[][] {
  const batches: T[][] = [];
  let size = 0;
  for (const item of items) {
    const batch = batches.at(-1);
    size += measureItem(item);
    if (batch && batch.length < maxItems && size <= MAX_WRITE_BYTES) batch.push(item);
    else {
      batches.push([item]);
      size = measureItem(item);
    }
  }
  return batches;
}

function measureEntry(entry: KvEntry): number {
  return Buffer.byteLength(JSON.stringify(entry)) + 1;
}
