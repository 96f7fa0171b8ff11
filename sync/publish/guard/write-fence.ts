import { withCallRules } from "../../cloudflare/call-rules.ts";
import type { Kv } from "../../cloudflare/kv.ts";

/** Prevents writes by a former leader. */
export interface WriteFence {
  /** Throws if this replica is not the leader. Synchronous, because nothing may run between the check and the write. */
  readonly check: () => void;
  /** Must be called before a generation is written. Rejects if this replica is not the leader. */
  readonly reserve?: (generation: number) => Promise<void>;
}

/** Fence of commands that write without a Lease. */
export const NO_FENCE: WriteFence = { check: () => {} };

/** Thrown if another controller wrote meanwhile. The caller must read the published snapshot again. */
export class PublishConflictError extends Error {}

/** Returns the same KV with a fence check before each attempt of a write or removal. */
export function withWriteFence(kv: Kv, fence: WriteFence): Kv {
  return {
    namespaceId: kv.namespaceId,
    writeIntervalMs: kv.writeIntervalMs,
    get: (key) => kv.get(key),
    getMany: (keys) => kv.getMany(keys),
    list: (prefix) => kv.list(prefix),
    listMetadata: (prefix) => kv.listMetadata(prefix),
    async put(entries, mode) {
      fence.check();
      await withCallRules({ checkFence: fence.check }, () => kv.put(entries, mode));
    },
    async remove(keys) {
      fence.check();
      await withCallRules({ checkFence: fence.check }, () => kv.remove(keys));
    },
  };
}
