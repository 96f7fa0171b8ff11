import { ApiError, type KubernetesClient, type WatchEvent } from "../kubernetes/client.ts";
import type { Clock } from "./clock.ts";
import type { ElectionOptions } from "./leadership.ts";
import {
  buildAcquiredLease,
  buildLease,
  buildReleasedLease,
  buildRenewedLease,
  type Decision,
  Lease,
  LeaseList,
} from "./lease-protocol.ts";

export type LeaseWrite = Exclude<Decision, { type: "standby" }>;

/** One Lease at the API server. Requests reject after `timeoutMs`; the server may still execute them. */
export interface LeaseClient {
  /** Returns the Lease, if it exists, and the version to watch from. */
  read(timeoutMs: number): Promise<{ lease: Lease | undefined; version: string }>;
  /** Writes the Lease. Rejects with status 409 or 404 if the Lease changed after the decision. */
  write(decision: LeaseWrite, timeoutMs: number): Promise<Lease>;
  release(lease: Lease, timeoutMs: number): Promise<Lease>;
  /** Yields each state of the Lease after `version`; undefined if it was deleted. Throws if the watch fails. */
  watch(version: string, signal: AbortSignal): AsyncGenerator<{ lease: Lease | undefined }, void>;
}

export function createLeaseClient(api: KubernetesClient, options: Required<ElectionOptions>): LeaseClient {
  const { namespace, name, identity, clock } = options;
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const fieldSelector = `metadata.name=${name}`;
  const replace = (lease: Lease) => api.replace(`${collection}/${name}`, lease);
  const sendWrite = (decision: LeaseWrite) => {
    switch (decision.type) {
      case "renew":
        return replace(buildRenewedLease(decision.lease, clock.today()));
      case "acquire":
        return replace(buildAcquiredLease(decision.lease, identity, clock.today()));
      case "create":
        return api.create(collection, buildLease(namespace, name, identity, decision.term, clock.today()));
    }
  };
  return {
    read: async (timeoutMs) => {
      const list = await rejectAfter(api.get(collection, { fieldSelector }), timeoutMs, clock);
      const { items, metadata } = LeaseList.parse(list);
      return { lease: items[0], version: metadata.resourceVersion };
    },
    write: async (decision, timeoutMs) => Lease.parse(await rejectAfter(sendWrite(decision), timeoutMs, clock)),
    release: async (lease, timeoutMs) =>
      Lease.parse(await rejectAfter(replace(buildReleasedLease(lease, clock.today())), timeoutMs, clock)),
    async *watch(resourceVersion, signal) {
      for await (const event of api.watch(collection, { fieldSelector, resourceVersion }, signal)) {
        if (signal.aborted) return;
        if (event.type !== "BOOKMARK") yield { lease: parseLeaseEvent(event) };
      }
    },
  };
}

/** Whether a write failed because another client wrote, created or deleted the Lease. */
export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 409 || error.status === 404);
}

function parseLeaseEvent({ type, object }: WatchEvent): Lease | undefined {
  if (type === "ERROR") throw new Error(`watch failed: ${JSON.stringify(object)}`);
  return type === "DELETED" ? undefined : Lease.parse(object);
}

/** Resolves like `request`, or rejects after `timeoutMs`. */
async function rejectAfter<T>(request: Promise<T>, timeoutMs: number, clock: Clock): Promise<T> {
  const timerController = new AbortController();
  const timeout = clock.sleep(timeoutMs, timerController.signal).then(() => {
    throw new Error(`no response from the API server within ${Math.round(timeoutMs)} ms`);
  });
  try {
    return await Promise.race([request, timeout]);
  } finally {
    timerController.abort();
  }
}
