import type { AddressState } from "./address-health.ts";

/** Time in which an old measurement loses 63 % of its weight, as in ingress-nginx. */
const DECAY_MS = 10_000;

/** Adds a response time to the moving average of an address. A peak counts in full, so that it has an effect at once. */
export function recordLatency(state: AddressState, latencyMs: number, now: number): void {
  const decayed = estimateLatency(state, now);
  const weight = Math.exp((state.latencyAt - now) / DECAY_MS);
  state.latencyMs = latencyMs > decayed ? latencyMs : state.latencyMs * weight + latencyMs * (1 - weight);
  state.latencyAt = now;
}

/** Returns the moving average, which falls without requests, so that a slow address is tried again. */
export function estimateLatency({ latencyMs, latencyAt }: AddressState, now: number): number {
  return latencyMs === 0 ? 0 : latencyMs * Math.exp((latencyAt - now) / DECAY_MS);
}
