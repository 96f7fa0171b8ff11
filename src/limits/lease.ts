import type { Limits } from "../env.ts";

/** A request that has not been heard of for so long counts no more. */
export const LEASE_MS = 60_000;
const RENEWAL_MS = 20_000;

/** Keeps a lease until it is given back. */
export function held(limits: Limits, lease: string): { giveBack(): Promise<void> } {
  const renewal = setInterval(() => void limits.renew(lease).catch(() => {}), RENEWAL_MS);
  return {
    async giveBack() {
      clearInterval(renewal);
      await limits.leave(lease).catch(() => {}); // then it runs out
    },
  };
}
