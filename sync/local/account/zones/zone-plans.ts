/** Plan of a zone, as `plan.legacy_id` in the API. */
export type LocalPlan = "free" | "pro" | "business" | "enterprise";

export interface PlanLimits {
  readonly name: string;
  readonly recordQuota: number;
  /** Maximum number of operations in a batch of DNS changes. */
  readonly batchOperations: number;
  readonly commentLength: number;
  /** Maximum number of tags of a record. */
  readonly tags: number;
  /** Lowest TTL in seconds, besides 1 for automatic. */
  readonly minTtl: number;
}

const PAID_LIMITS = { recordQuota: 3500, batchOperations: 3500, commentLength: 500, tags: 20, minTtl: 60 };

// https://developers.cloudflare.com/dns/manage-dns-records/
export const PLAN_LIMITS: Readonly<Record<LocalPlan, PlanLimits>> = {
  free: { name: "Free Website", recordQuota: 200, batchOperations: 200, commentLength: 100, tags: 0, minTtl: 60 },
  pro: { name: "Pro Website", ...PAID_LIMITS },
  business: { name: "Business Website", ...PAID_LIMITS },
  enterprise: { name: "Enterprise Website", ...PAID_LIMITS, minTtl: 30 },
};
