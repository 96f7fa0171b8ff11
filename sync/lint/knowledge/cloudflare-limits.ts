const MIB = 2 ** 20;

/** The largest request body by the plan of the zone. https://developers.cloudflare.com/workers/platform/limits/#request-limits */
export const MAX_BODY_MB = { free: 100, pro: 100, business: 200, enterprise: 500 } as const;
export type CloudflarePlan = keyof typeof MAX_BODY_MB;
export const CLOUDFLARE_PLANS = Object.keys(MAX_BODY_MB) as readonly CloudflarePlan[]; // keys of a literal

/** Whether Cloudflare rejects some bodies that a limit in bytes accepts. 0 is no limit. */
export function exceedsPlan(bytes: number, plan: CloudflarePlan): boolean {
  return bytes === 0 || bytes > MAX_BODY_MB[plan] * MIB;
}

// https://developers.cloudflare.com/fundamentals/reference/connection-limits/
export const CONNECT_TIMEOUT_S = 19;
export const READ_TIMEOUT_S = 120; // Enterprise can raise it
export const WRITE_TIMEOUT_S = 30;
export const IDLE_CLIENT_TIMEOUT_S = 400;
