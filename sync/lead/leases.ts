import { type Api, ApiError, type WatchEvent } from "../kubernetes/api.ts";
import type { Clock } from "./clock.ts";
import type { LeadOptions } from "./lead.ts";
import { acquired, created, type Decision, Lease, LeaseList, released, renewed } from "./lease.ts";

export type Write = Exclude<Decision, { type: "stand by" }>;

/** One Lease at the API server. All but the watch rejects once `mostMs` have passed: what was asked may happen still. */
export interface LeaseAccess {
  /** The Lease, if there is one, and the version from which a watch goes on. */
  read(mostMs: number): Promise<{ lease: Lease | undefined; version: string }>;
  /** Carries out what was decided: 409 or 404 where something else is there than that was decided on. */
  write(decision: Write, mostMs: number): Promise<Lease>;
  giveBack(lease: Lease, mostMs: number): Promise<Lease>;
  /** What became of the Lease after `version`: undefined where it was deleted. Throws where the watch fails. */
  watch(version: string, ended: AbortSignal): AsyncGenerator<{ lease: Lease | undefined }, void>;
}

export function leaseAccess(api: Api, options: Required<LeadOptions>): LeaseAccess {
  const { namespace, name, identity, clock } = options;
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const fieldSelector = `metadata.name=${name}`;
  const replace = (lease: Lease) => api.replace(`${collection}/${name}`, lease);
  const send = (decision: Write) => {
    switch (decision.type) {
      case "renew":
        return replace(renewed(decision.lease, clock.today()));
      case "acquire":
        return replace(acquired(decision.lease, identity, clock.today()));
      case "create":
        return api.create(collection, created(namespace, name, identity, decision.term, clock.today()));
    }
  };
  return {
    read: async (mostMs) => {
      const list = await within(api.get(collection, { fieldSelector }), mostMs, clock);
      const { items, metadata } = LeaseList.parse(list);
      return { lease: items[0], version: metadata.resourceVersion };
    },
    write: async (decision, mostMs) => Lease.parse(await within(send(decision), mostMs, clock)),
    giveBack: async (lease, mostMs) =>
      Lease.parse(await within(replace(released(lease, clock.today())), mostMs, clock)),
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
