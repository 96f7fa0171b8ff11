import { ApiError, type WatchEvent } from "../../../sync/kubernetes/client.ts";
import { Lease } from "../../../sync/leader-election/lease-protocol.ts";

/** The only Lease of an API server, with versions, conflicts and watches as in Kubernetes. */
export class LeaseStore {
  lease: Lease | undefined;
  /** Every change, oldest first. */
  readonly events: { readonly version: number; readonly event: WatchEvent }[] = [];
  readonly #subscribers = new Set<(event: WatchEvent) => void>();
  #version = 100;

  list(): object {
    return { metadata: { resourceVersion: String(this.#version) }, items: this.lease ? [this.lease] : [] };
  }

  create(object: object): Lease {
    if (this.lease) throw new ApiError(409, "AlreadyExists", 'leases "edgress" already exists');
    const { metadata, ...rest } = object as { metadata: object };
    return this.#store("ADDED", Lease.parse({ ...rest, metadata: { ...metadata, resourceVersion: "0" } }));
  }

  replace(object: object): Lease {
    if (!this.lease) throw new ApiError(404, "NotFound", 'leases "edgress" not found');
    const lease = Lease.parse(object);
    if (lease.metadata.resourceVersion !== this.lease.metadata.resourceVersion) {
      throw new ApiError(409, "Conflict", "the object has been modified");
    }
    if (JSON.stringify(lease) === JSON.stringify(this.lease)) return this.lease; // an update without a change is not stored
    return this.#store("MODIFIED", lease);
  }

  remove(): void {
    if (this.lease) this.#store("DELETED", this.lease);
    this.lease = undefined;
  }

  /** Calls `listener` with every change after `version`. Returns a function that unsubscribes. */
  subscribe(version: number, listener: (event: WatchEvent) => void): () => void {
    for (const { version: eventVersion, event } of this.events) if (eventVersion > version) listener(event);
    this.#subscribers.add(listener);
    return () => this.#subscribers.delete(listener);
  }

  #store(type: WatchEvent["type"], lease: Lease): Lease {
    this.#version++;
    const stored = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(this.#version) } };
    this.lease = stored;
    const event = { type, object: stored };
    this.events.push({ version: this.#version, event });
    for (const listener of this.#subscribers) listener(event);
    return stored;
  }
}
