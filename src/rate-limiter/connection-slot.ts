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
