import type { Rate } from "../env.ts";

/** The level of a client's bucket in requests, at a time in milliseconds. */
export interface BucketLevel {
  readonly excess: number;
  readonly at: number;
}

/**
 * Returns the level after one more request, or undefined if it overflows: nginx's limit_req with `nodelay`. One request
 * and `burst` more pass at once, then one each `intervalMs`. Rejected requests are not counted.
 */
export function addRequest(
  level: BucketLevel | undefined,
  { intervalMs, burst }: Rate,
  now: number,
): BucketLevel | undefined {
  if (!level) return { excess: 0, at: now };
  const excess = Math.max(0, level.excess - Math.abs(now - level.at) / intervalMs + 1);
  return excess > burst ? undefined : { excess, at: now };
}

/** Returns the milliseconds until a bucket is empty. */
export function drainTimeMs({ excess, at }: BucketLevel, { intervalMs }: Rate, now: number): number {
  return Math.max(0, at + (excess + 1) * intervalMs - now);
}
