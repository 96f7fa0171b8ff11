import { type Api, ApiError, type WatchEvent } from "../kubernetes/api.ts";
import type { Clock } from "./clock.ts";
import { Lease, LeaseList } from "./lease.ts";

/** One Lease at the API server. All but the watch rejects once `mostMs` have passed: what was asked may happen still. */
export interface LeaseAccess {
  /** The Lease, if there is one, and the version from which a watch goes on. */
  read(mostMs: number): Promise<{ lease: Lease | undefined; version: string }>;
  create(lease: object, mostMs: number): Promise<Lease>;
  /** Replaces the Lease of that very resourceVersion. */
  replace(lease: Lease, mostMs: number): Promise<Lease>;
  /** What became of the Lease after `version`: undefined where it was deleted. Throws where the watch fails. */
  watch(version: string, ended: AbortSignal): AsyncGenerator<{ lease: Lease | undefined }, void>;
}

export function leaseAccess(api: Api, namespace: string, name: string, clock: Clock): LeaseAccess {
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const fieldSelector = `metadata.name=${name}`;
  const ask = async (asked: Promise<unknown>, mostMs: number) => within(asked, mostMs, clock);
  return {
    read: async (mostMs) => {
      const { items, metadata } = LeaseList.parse(await ask(api.get(collection, { fieldSelector }), mostMs));
      return { lease: items[0], version: metadata.resourceVersion };
    },
    create: async (lease, mostMs) => Lease.parse(await ask(api.create(collection, lease), mostMs)),
    replace: async (lease, mostMs) => Lease.parse(await ask(api.replace(`${collection}/${name}`, lease), mostMs)),
    async *watch(resourceVersion, ended) {
      for await (const event of api.watch(collection, { fieldSelector, resourceVersion }, ended)) {
        if (ended.aborted) return;
        if (event.type !== "BOOKMARK") yield { lease: leaseOf(event) };
      }
    },
  };
}

/** Whether a write came too late: somebody else wrote the Lease, created it or deleted it. */
export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 409 || error.status === 404);
}

function leaseOf({ type, object }: WatchEvent): Lease | undefined {
  if (type === "ERROR") throw new Error(`the watch ended: ${JSON.stringify(object)}`);
  return type === "DELETED" ? undefined : Lease.parse(object);
}

async function within<T>(asked: Promise<T>, mostMs: number, clock: Clock): Promise<T> {
  const answered = new AbortController();
  const late = clock.sleep(mostMs, answered.signal).then(() => {
    throw new Error(`no answer from the API server within ${Math.round(mostMs)} ms`);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    answered.abort();
  }
}
