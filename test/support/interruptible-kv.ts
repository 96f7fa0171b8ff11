import type { Kv } from "../../sync/cloudflare/kv.ts";

/** Called before or after each step. KV rejects with its error. */
export type KvStepHook = (step: string) => Promise<void> | void;

/** Returns the same KV with a hook for each step: "before get current", "after get current", "after put shard/…". */
export function createInterruptibleKv(kv: Kv, onStep: KvStepHook): Kv {
  const runRead = async <T>(step: string, read: () => Promise<T>): Promise<T> => {
    await onStep(`before ${step}`);
    const value = await read();
    await onStep(`after ${step}`);
    return value;
  };
  // No step before a write, because nothing may run between the check of a write fence and its write.
  const runWrite = async (step: string, write: () => Promise<void>): Promise<void> => {
    await write();
    await onStep(`after ${step}`);
  };
  return {
    namespaceId: kv.namespaceId,
    writeIntervalMs: kv.writeIntervalMs,
    get: (key) => runRead(`get ${key}`, () => kv.get(key)),
    getMany: (keys) => runRead("get many", () => kv.getMany(keys)),
    list: (prefix) => runRead(`list ${prefix}`, () => kv.list(prefix)),
    listMetadata: (prefix) => runRead(`list ${prefix}`, () => kv.listMetadata(prefix)),
    put: (entries) => runWrite(`put ${entries[0]?.key}`, () => kv.put(entries)),
    remove: (keys) => runWrite(`remove ${keys[0]}`, () => kv.remove(keys)),
  };
}
