import type { StatusCondition } from "../gateway-compilation.ts";
import type { ConditionProblem } from "../judged-gateways.ts";

/** Returns a condition that is True without a problem, with its type as the reason. */
export function buildCondition(type: string, problem: ConditionProblem | undefined): StatusCondition {
  if (problem) return { type, status: "False", ...problem };
  return { type, status: "True", reason: type, message: "" };
}
