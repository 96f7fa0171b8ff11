import type { Rate } from "../env.ts";

/** How full a client's bucket is: in requests, at a time in milliseconds. */
export interface BucketLevel {
  readonly excess: number;
  readonly at: number;
}

/**
 * The level after one more request, or nothing where it would run over: nginx's limit_req with `nodelay`. One request and
 * `burst` more pass at once, then one each `intervalMs`; what is refused is not counted.
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

/** How long a bucket still counts, in milliseconds: after that it is as good as none. */
export function drainTimeMs({ excess, at }: BucketLevel, { intervalMs }: Rate, now: number): number {
  return Math.max(0, at + (excess + 1) * intervalMs - now);
}
