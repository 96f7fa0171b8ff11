import type { Kv } from "../cloudflare/kv.ts";

/** Keeps a sync job that is no longer the one that may write from writing. */
export interface Fence {
  /** Throws where the Lease is not held any more. It must not wait: nothing may come between it and the write. */
  readonly check: () => void;
}

/** For whoever writes without a Lease. */
export const NO_FENCE: Fence = { check: () => {} };

/** Another sync job has written meanwhile. Nothing of one's own may be taken for what is published: read it anew. */
export class SupersededError extends Error {}

/** The same KV, with the fence before each write and removal. */
export function fenced(kv: Kv, fence: Fence): Kv {
  return {
    get: (key) => kv.get(key),
    getMany: (keys) => kv.getMany(keys),
    list: (prefix) => kv.list(prefix),
    async put(entries, once) {
      fence.check();
      await kv.put(entries, once);
    },
    async remove(keys) {
      fence.check();
      await kv.remove(keys);
    },
  };
}
