import type { RateLimiter } from "../env.ts";

/** A request that has not been heard of for so long counts no more. */
export const SLOT_TTL_MS = 60_000;
const RENEWAL_INTERVAL_MS = 20_000;

/** Keeps a lease until it is given back. */
export function keepSlotAlive(limiter: RateLimiter, slot: string): { release(): Promise<void> } {
  const timer = setInterval(() => void limiter.renew(slot).catch(() => {}), RENEWAL_INTERVAL_MS);
  return {
    async release() {
      clearInterval(timer);
      await limiter.release(slot).catch(() => {}); // then it runs out
    },
  };
}

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
