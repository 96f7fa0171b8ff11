import type { Clock } from "./clock.ts";
import type { LeaseClient } from "./lease-client.ts";
import { type Lease, type ObservedLease, observeLease } from "./lease-protocol.ts";

/** A watch that brings nothing for so long is half open, or else the leader is gone; a list tells which. */
const IDLE_TIMEOUT_MS = 5_000;

export interface LeaseListener {
  /** Told when the watch brought something, or ended. */
  onActivity(): void;
  onError(error: unknown): void;
  /** How long to wait before what failed is tried again. */
  retryDelayMs(): number;
}

/** What is seen of a Lease: by a list, by the watch from there on, and by the answers to what one writes. */
export class LeaseWatcher {
  readonly #leaseClient: LeaseClient;
  readonly #clock: Clock;
  readonly #listener: LeaseListener;
  #observedLease: ObservedLease | undefined;
  #version: string | undefined; // of the last list, from which no watch has begun yet
  #watchController: AbortController | undefined;
  #dueAt = 0;

  constructor(leaseClient: LeaseClient, clock: Clock, listener: LeaseListener) {
    this.#leaseClient = leaseClient;
    this.#clock = clock;
    this.#listener = listener;
  }

  get observedLease(): ObservedLease | undefined {
    return this.#observedLease;
  }

  /** When to read anew: soon where there is no watch, else once the watch is silent for too long. */
  get dueAt(): number {
    return this.#dueAt;
  }

  async read(timeoutMs: number): Promise<ObservedLease> {
    this.close();
    const { lease, version } = await this.#leaseClient.read(timeoutMs);
    this.#version = version;
    this.#dueAt = this.#clock.now() + this.#listener.retryDelayMs();
    return this.observe(lease);
  }

  observe(lease: Lease | undefined): ObservedLease {
    this.#observedLease = observeLease(this.#observedLease, lease, this.#clock.now());
    return this.#observedLease;
  }

  /** Watches from the last list on, unless that was done already. */
  watch(): void {
    if (this.#version === undefined) return;
    const [version, watchController] = [this.#version, new AbortController()];
    this.#version = undefined;
    this.#watchController = watchController;
    const readAgainAt = this.#dueAt; // a watch that ends at once must not make us list without a pause
    this.#dueAt = this.#clock.now() + IDLE_TIMEOUT_MS;
    void this.#follow(version, watchController.signal)
      .catch((error) => watchController.signal.aborted || this.#listener.onError(error))
      .then(() => {
        if (watchController.signal.aborted) return;
        this.#dueAt = readAgainAt;
        this.#listener.onActivity();
      });
  }

  /** Ends the watch: what it would still bring may be older than what is read or written next. */
  close(): void {
    this.#watchController?.abort();
    this.#version = undefined;
  }

  async #follow(version: string, signal: AbortSignal): Promise<void> {
    for await (const { lease } of this.#leaseClient.watch(version, signal)) {
      this.#dueAt = this.#clock.now() + IDLE_TIMEOUT_MS;
      this.observe(lease);
      this.#listener.onActivity();
    }
  }
}
