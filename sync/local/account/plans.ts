export type PlanName = "free" | "pro" | "business" | "enterprise";

/** The plan of every zone, or plans by zone name. A zone without a plan has `pro`. */
export type PlanSetting = PlanName | Readonly<Record<string, PlanName>>;

/** Returns the plan of a zone. */
export function findZonePlan(plan: PlanSetting, zone: string): PlanName {
  return typeof plan === "string" ? plan : (plan[zone] ?? "pro");
}
