/** Requests in progress, each until it is given back, or not renewed in time. */
export class ConnectionSlots {
  readonly #expiries = new Map<string, number>();

  count(now: number): number {
    for (const [slot, expiresAt] of this.#expiries) if (expiresAt <= now) this.#expiries.delete(slot);
    return this.#expiries.size;
  }

  set(slot: string, expiresAt: number): void {
    this.#expiries.set(slot, expiresAt);
  }

  release(slot: string): void {
    this.#expiries.delete(slot);
  }
}
