import type { RateLimiter } from "../env.ts";

/** A slot that is not renewed for this time expires. */
export const SLOT_TTL_MS = 60_000;
const RENEWAL_INTERVAL_MS = 20_000;

/** Renews a slot until it is released. */
export function keepSlotAlive(limiter: RateLimiter, slot: string): { release(): Promise<void> } {
  const timer = setInterval(() => void limiter.renew(slot).catch(() => {}), RENEWAL_INTERVAL_MS);
  return {
    async release() {
      clearInterval(timer);
      await limiter.release(slot).catch(() => {}); // then it expires
    },
  };
}

/** The slots of requests in progress, each until it is released or expires. */
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
