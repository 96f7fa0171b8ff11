import type { WorkerStorage } from "../../worker/worker-storage.ts";
import type { KvValue, KvWrite } from "./kv-entry.ts";

/** A key in a list. */
export interface ListedKey {
  readonly name: string;
  readonly metadata?: unknown;
  readonly expiration?: number;
}

export interface KeyPage {
  readonly keys: readonly ListedKey[];
  readonly cursor: string;
}

/** The values of a namespace, with their metadata. Reads are fresh. */
export interface NamespaceStorage {
  get(keys: readonly string[]): Promise<ReadonlyMap<string, KvValue>>;
  put(entries: readonly KvWrite[]): Promise<void>;
  remove(keys: readonly string[]): Promise<void>;
  list(prefix: string, limit: number, cursor: string | undefined): Promise<KeyPage>;
  clear(): Promise<void>;
}

/** Data that `WorkerStorage` does not keep: metadata, expiration, and the bytes of a value that is no text. */
type Attributes = Omit<KvWrite, "key" | "value"> & { readonly bytes?: Buffer };

const CLEAR_PAGE_KEYS = 1000;

/** Creates the storage of a namespace on the values of `WorkerStorage`. Expired keys are absent. */
export function createNamespaceStorage(values: () => WorkerStorage, now: () => number): NamespaceStorage {
  const attributes = new Map<string, Attributes>();
  const isExpired = (key: string) => (attributes.get(key)?.expiration ?? Number.POSITIVE_INFINITY) * 1000 <= now();
  const remove = async (keys: readonly string[]) => {
    await values().remove(keys);
    for (const key of keys) attributes.delete(key);
  };
  return {
    async get(keys) {
      const texts = await values().get(keys.filter((key) => !isExpired(key)));
      const found = Object.entries(texts).filter((entry): entry is [string, string] => typeof entry[1] === "string");
      return new Map(found.map(([key, text]) => [key, toValue(text, attributes.get(key))]));
    },
    async put(entries) {
      await values().put(entries.map(({ key, value }) => ({ key, value: value.toString() })));
      for (const { key, value, ...rest } of entries)
        attributes.set(key, { ...rest, ...(!Buffer.from(value.toString()).equals(value) && { bytes: value }) });
    },
    remove,
    async list(prefix, limit, cursor) {
      const page = await values().list(prefix, limit, cursor);
      const keys = page.keys.filter((key) => !isExpired(key)).map((name) => toListedKey(name, attributes.get(name)));
      return { keys, cursor: page.cursor ?? "" };
    },
    async clear() {
      for (;;) {
        const { keys } = await values().list("", CLEAR_PAGE_KEYS, undefined);
        if (keys.length === 0) return;
        await remove(keys);
      }
    },
  };
}

function toValue(text: string, { bytes, ...rest }: Attributes = {}): KvValue {
  return { ...rest, value: bytes ?? Buffer.from(text) };
}

function toListedKey(name: string, { metadata, expiration }: Attributes = {}): ListedKey {
  return {
    name,
    ...(expiration !== undefined && { expiration }),
    ...(metadata !== undefined && { metadata }),
  };
}

/** Creates values in memory, for a namespace that the edge does not read. */
export function createMemoryValues(): WorkerStorage {
  const values = new Map<string, string>();
  return {
    get: async (keys) => Object.fromEntries(keys.map((key) => [key, values.get(key) ?? null])),
    async put(entries) {
      for (const { key, value } of entries) values.set(key, value);
    },
    async remove(keys) {
      for (const key of keys) values.delete(key);
    },
    async list(prefix, limit, cursor) {
      const names = [...values.keys()].filter((key) => key.startsWith(prefix) && key > (cursor ?? "")).sort();
      const keys = names.slice(0, limit);
      const last = keys.at(-1);
      return { keys, ...(names.length > limit && last !== undefined && { cursor: last }) };
    },
    setEdgeReadMode: () => Promise.reject(new Error("the edge does not read this namespace")),
  };
}
