import type { Kv } from "../../cloudflare/kv.ts";

/** Keeps a sync job that is no longer the one that may write from writing. */
export interface WriteFence {
  /** Throws where the Lease is not held any more. It must not wait: nothing may come between it and the write. */
  readonly check: () => void;
}

/** For whoever writes without a Lease. */
export const NO_FENCE: WriteFence = { check: () => {} };

/** Another sync job has written meanwhile. Nothing of one's own may be taken for what is published: read it anew. */
export class PublishConflictError extends Error {}

/** The same KV, with the fence before each write and removal. */
export function withWriteFence(kv: Kv, fence: WriteFence): Kv {
  return {
    get: (key) => kv.get(key),
    getMany: (keys) => kv.getMany(keys),
    list: (prefix) => kv.list(prefix),
    async put(entries, mode) {
      fence.check();
      await kv.put(entries, mode);
    },
    async remove(keys) {
      fence.check();
      await kv.remove(keys);
    },
  };
}
