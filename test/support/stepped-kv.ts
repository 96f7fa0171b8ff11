import type { Kv } from "../../sync/cloudflare/kv.ts";

/** Told of each step before it is taken, or after it. What it throws is what KV answers. */
export type Pause = (step: string) => Promise<void> | void;

/** The same KV, step by step: "before get current", "after get current", "after put shard/…". */
export function stepped(kv: Kv, pause: Pause): Kv {
  const reading = async <T>(step: string, read: () => Promise<T>): Promise<T> => {
    await pause(`before ${step}`);
    const value = await read();
    await pause(`after ${step}`);
    return value;
  };
  // Nothing comes between a fence's word and the write that it is for.
  const writing = async (step: string, write: () => Promise<void>): Promise<void> => {
    await write();
    await pause(`after ${step}`);
  };
  return {
    get: (key) => reading(`get ${key}`, () => kv.get(key)),
    getMany: (keys) => reading("get many", () => kv.getMany(keys)),
    list: (prefix) => reading(`list ${prefix}`, () => kv.list(prefix)),
    put: (entries) => writing(`put ${entries[0]?.key}`, () => kv.put(entries)),
    remove: (keys) => writing(`remove ${keys[0]}`, () => kv.remove(keys)),
  };
}
