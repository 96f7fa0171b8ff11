import { setTimeout as sleep } from "node:timers/promises";
import Cloudflare from "cloudflare";

export interface Entry {
  key: string;
  value: string;
}

/** What publishing needs of Workers KV. */
export interface Kv {
  /** Undefined: there is no such key. */
  get(key: string): Promise<string | undefined>;
  /** Absent keys are left out. */
  getMany(keys: readonly string[]): Promise<Map<string, string>>;
  /**
   * Resolves only when every entry was written. `once` is for a single entry that must not be written late: it is not tried
   * again, and given up after some seconds.
   */
  put(entries: readonly Entry[], once?: "once"): Promise<void>;
  /** The names of all keys that begin with `prefix`. */
  list(prefix: string): Promise<string[]>;
  remove(keys: readonly string[]): Promise<void>;
}

// https://developers.cloudflare.com/kv/platform/limits/
const READ_KEYS = 100;
const WRITE_KEYS = 10_000;
const WRITE_BYTES = 95_000_000; // the limit is 100 MB with JSON's own quotes and escapes counted
const WRITE_ATTEMPTS = 4;
/** Less than lies between a leader's renew deadline and the time at which another may lead. */
const ONCE_MS = 4500;
const PAUSE_MS = 1100; // one write a second to the same key

/** Workers KV through the account's REST API. An attempt that wrote only some of its keys is repeated for the others. */
export function kvOf(client: Cloudflare, accountId: string, namespaceId: string, pauseMs: number = PAUSE_MS): Kv {
  const namespaces = client.kv.namespaces;
  const account = { account_id: accountId };
  const namespace = { ...account, namespace_id: namespaceId };
  const write = async (batch: readonly Entry[]) =>
    (await namespaces.bulkUpdate(namespaceId, { ...account, body: [...batch] }))?.unsuccessful_keys;
  const erase = async (batch: readonly string[]) =>
    (await namespaces.bulkDelete(namespaceId, { ...account, body: [...batch] }))?.unsuccessful_keys;

  return {
    get: (key) => absentIsUndefined(async () => await (await namespaces.values.get(key, namespace)).text()),
    async getMany(keys) {
      const found = new Map<string, string>();
      for (const batch of batches(keys, READ_KEYS, () => 0)) {
        const answer = await namespaces.bulkGet(namespaceId, { ...account, keys: batch, type: "text" });
        for (const [key, value] of Object.entries(answer?.values ?? {})) {
          if (typeof value === "string") found.set(key, value);
        }
      }
      return found;
    },
    async put(entries, once) {
      const [first, ...others] = entries;
      const { value = "" } = first ?? {};
      if (first && others.length === 0) {
        await namespaces.values.update(first.key, { ...namespace, value }, once && { maxRetries: 0, timeout: ONCE_MS });
      } else await untilAll(batches(entries, WRITE_KEYS, bytesOf), ({ key }) => key, write, "written", pauseMs);
    },
    list: (prefix) => listAll((cursor) => namespaces.keys.list(namespaceId, { ...account, prefix, ...cursor })),
    remove: (keys) =>
      untilAll(
        batches(keys, WRITE_KEYS, () => 0),
        (key) => key,
        erase,
        "removed",
        pauseMs,
      ),
  };
}

async function absentIsUndefined(read: () => Promise<string>): Promise<string | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Cloudflare.NotFoundError) return undefined;
    throw error;
  }
}

type Page = { result: readonly { name: string }[]; result_info?: { cursor?: string } };

/** By cursor alone: a page may be empty and yet not the last, where the client's own iteration would stop. */
async function listAll(pageAt: (cursor: { cursor?: string }) => PromiseLike<Page>): Promise<string[]> {
  const names: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await pageAt(cursor ? { cursor } : {});
    names.push(...page.result.map(({ name }) => name));
    cursor = page.result_info?.cursor;
    if (!cursor) return names;
  }
}

async function untilAll<T>(
  all: readonly T[][],
  keyOf: (item: T) => string,
  attempt: (batch: readonly T[]) => Promise<readonly string[] | undefined>,
  done: string,
  pauseMs: number,
): Promise<void> {
  for (const batch of all) {
    let left: readonly T[] = batch;
    for (let attempts = 1; ; attempts++) {
      const failed = new Set(await attempt(left));
      left = left.filter((item) => failed.has(keyOf(item)));
      if (left.length === 0) break;
      if (attempts === WRITE_ATTEMPTS) throw new Error(`Workers KV: ${left.length} keys could not be ${done}`);
      await sleep(pauseMs);
    }
  }
}

function batches<T>(items: readonly T[], most: number, sizeOf: (item: T) => number): T[][] {
  const made: T[][] = [];
  let size = 0;
  for (const item of items) {
    const batch = made.at(-1);
    size += sizeOf(item);
    if (batch && batch.length < most && size <= WRITE_BYTES) batch.push(item);
    else {
      made.push([item]);
      size = sizeOf(item);
    }
  }
  return made;
}

function bytesOf(entry: Entry): number {
  return Buffer.byteLength(JSON.stringify(entry)) + 1;
}
