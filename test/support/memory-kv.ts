import type { Kv, KvEntry } from "../../sync/cloudflare/kv.ts";
import { LOCAL_NAMESPACE_ID } from "../../sync/local/account/account-apis.ts";

/** Workers KV in memory. It counts the keys that are written or removed, and can fail at one of them. */
export class MemoryKv implements Kv {
  readonly namespaceId = LOCAL_NAMESPACE_ID;
  readonly writeIntervalMs = 1;
  readonly values = new Map<string, string>();
  readonly #metadata = new Map<string, object | undefined>();
  /** Keys written, in order. */
  readonly writtenKeys: string[] = [];
  /** Number of keys that can still be written or removed. The next one fails, and the rest of its batch is skipped. */
  remainingWrites = Number.POSITIVE_INFINITY;
  /** Number of writes that KV acknowledges and loses. */
  writesToLose = 0;

  async get(key: string): Promise<string | undefined> {
    return this.values.get(key);
  }

  async getMany(keys: readonly string[]): Promise<Map<string, string>> {
    return new Map(keys.flatMap((key) => (this.values.has(key) ? [[key, this.values.get(key) ?? ""]] : [])));
  }

  async put(entries: readonly KvEntry[]): Promise<void> {
    for (const { key, value, metadata } of entries) {
      this.#countWrite();
      this.writtenKeys.push(key);
      if (this.writesToLose > 0) this.writesToLose--;
      else {
        this.values.set(key, value);
        this.#metadata.set(key, metadata);
      }
    }
  }

  async list(prefix: string): Promise<string[]> {
    return [...this.values.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  async listMetadata(prefix: string): Promise<Map<string, unknown>> {
    return new Map((await this.list(prefix)).map((key) => [key, this.#metadata.get(key)]));
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.#countWrite();
      this.values.delete(key);
    }
  }

  #countWrite(): void {
    if (this.remainingWrites === 0) throw new Error("the connection is gone");
    this.remainingWrites--;
  }
}
