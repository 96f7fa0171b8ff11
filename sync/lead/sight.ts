import type { Clock } from "./clock.ts";
import { type Lease, type Seen, saw } from "./lease.ts";
import type { LeaseAccess } from "./leases.ts";

/** A watch that brings nothing for so long is half open, or else the leader is gone; a list tells which. */
const SILENCE_MS = 5_000;

export interface Onlooker {
  /** Told when the watch brought something, or ended. */
  stirred(): void;
  failed(error: unknown): void;
  /** How long to wait before what failed is tried again. */
  retryMs(): number;
}

/** What is seen of a Lease: by a list, by the watch from there on, and by the answers to what one writes. */
export class Sight {
  readonly #lease: LeaseAccess;
  readonly #clock: Clock;
  readonly #onlooker: Onlooker;
  #seen: Seen | undefined;
  #version: string | undefined; // of the last list, from which no watch has begun yet
  #watching: AbortController | undefined;
  #dueAt = 0;

  constructor(lease: LeaseAccess, clock: Clock, onlooker: Onlooker) {
    this.#lease = lease;
    this.#clock = clock;
    this.#onlooker = onlooker;
  }

  get seen(): Seen | undefined {
    return this.#seen;
  }

  /** When to read anew: soon where there is no watch, else once the watch is silent for too long. */
  get dueAt(): number {
    return this.#dueAt;
  }

  async read(mostMs: number): Promise<Seen> {
    this.close();
    const { lease, version } = await this.#lease.read(mostMs);
    this.#version = version;
    this.#dueAt = this.#clock.now() + this.#onlooker.retryMs();
    return this.see(lease);
  }

  see(lease: Lease | undefined): Seen {
    this.#seen = saw(this.#seen, lease, this.#clock.now());
    return this.#seen;
  }

  /** Watches from the last list on, unless that was done already. */
  watch(): void {
    if (this.#version === undefined) return;
    const [version, ended] = [this.#version, new AbortController()];
    this.#version = undefined;
    this.#watching = ended;
    const readAgainAt = this.#dueAt; // a watch that ends at once must not make us list without a pause
    this.#dueAt = this.#clock.now() + SILENCE_MS;
    void this.#follow(version, ended.signal)
      .catch((error) => ended.signal.aborted || this.#onlooker.failed(error))
      .then(() => {
        if (ended.signal.aborted) return;
        this.#dueAt = readAgainAt;
        this.#onlooker.stirred();
      });
  }

  /** Ends the watch: what it would still bring may be older than what is read or written next. */
  close(): void {
    this.#watching?.abort();
    this.#version = undefined;
  }

  async #follow(version: string, ended: AbortSignal): Promise<void> {
    for await (const { lease } of this.#lease.watch(version, ended)) {
      this.#dueAt = this.#clock.now() + SILENCE_MS;
      this.see(lease);
      this.#onlooker.stirred();
    }
  }
}
