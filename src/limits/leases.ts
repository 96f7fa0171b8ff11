/** Requests in progress, each until it is given back, or not renewed in time. */
export class Leases {
  readonly #until = new Map<string, number>();

  count(now: number): number {
    for (const [lease, until] of this.#until) if (until <= now) this.#until.delete(lease);
    return this.#until.size;
  }

  hold(lease: string, until: number): void {
    this.#until.set(lease, until);
  }

  giveBack(lease: string): void {
    this.#until.delete(lease);
  }
}
