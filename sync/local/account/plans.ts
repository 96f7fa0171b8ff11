export type ZonePlan = "free" | "pro" | "business" | "enterprise";

/** The plan of every zone, or plans by zone name. A zone without a plan has `pro`. */
export type PlanSetting = ZonePlan | Readonly<Record<string, ZonePlan>>;

/** Returns the plan of a zone. */
export function findZonePlan(plan: PlanSetting, zone: string): ZonePlan {
  return typeof plan === "string" ? plan : (plan[zone] ?? "pro");
}
