import type { Clock } from "./clock.ts";
import type { LeaseClient } from "./lease-client.ts";
import { type Lease, type ObservedLease, observeLease } from "./lease-protocol.ts";

/** After this silence the connection may be half open, or the leader is gone. A list finds out. */
const IDLE_TIMEOUT_MS = 5_000;

export interface LeaseListener {
  /** Called when the watch delivers an event, or ends. */
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

/** The observed state of a Lease, from lists, watches and responses to writes. */
export class LeaseWatcher {
  readonly #leaseClient: LeaseClient;
  readonly #clock: Clock;
  readonly #retryDelayMs: () => number;
  readonly #listener: LeaseListener;
  #observedLease: ObservedLease | undefined;
  #version: string | undefined; // of the last list, until a watch starts from it
  #watchController: AbortController | undefined;
  #dueAt = 0;

  constructor(leaseClient: LeaseClient, clock: Clock, retryDelayMs: () => number, listener: LeaseListener) {
    this.#leaseClient = leaseClient;
    this.#clock = clock;
    this.#retryDelayMs = retryDelayMs;
    this.#listener = listener;
  }

  get observedLease(): ObservedLease | undefined {
    return this.#observedLease;
  }

  /** When to read again: after the retry delay without a watch, else after the idle timeout of the watch. */
  get dueAt(): number {
    return this.#dueAt;
  }

  async read(timeoutMs: number): Promise<ObservedLease> {
    this.close();
    const { lease, version } = await this.#leaseClient.read(timeoutMs);
    this.#version = version;
    this.#dueAt = this.#clock.now() + this.#retryDelayMs();
    return this.observe(lease);
  }

  observe(lease: Lease | undefined): ObservedLease {
    this.#observedLease = observeLease(this.#observedLease, lease, this.#clock.now());
    return this.#observedLease;
  }

  /** Starts a watch from the last list, unless one was started already. */
  watch(): void {
    if (this.#version === undefined) return;
    const [version, watchController] = [this.#version, new AbortController()];
    this.#version = undefined;
    this.#watchController = watchController;
    const readAgainAt = this.#dueAt; // a watch that ends at once must not cause a list without a delay
    this.#dueAt = this.#clock.now() + IDLE_TIMEOUT_MS;
    void this.#follow(version, watchController.signal)
      .catch((error) => watchController.signal.aborted || this.#listener.onError(error))
      .then(() => {
        if (watchController.signal.aborted) return;
        this.#dueAt = readAgainAt;
        this.#listener.onChange();
      });
  }

  /** Ends the watch, because its events may be older than the next read or write. */
  close(): void {
    this.#watchController?.abort();
    this.#version = undefined;
  }

  async #follow(version: string, signal: AbortSignal): Promise<void> {
    for await (const { lease } of this.#leaseClient.watch(version, signal)) {
      this.#dueAt = this.#clock.now() + IDLE_TIMEOUT_MS;
      this.observe(lease);
      this.#listener.onChange();
    }
  }
}
