import type { StatusCondition } from "../gateway-compilation.ts";
import type { ConditionProblem } from "../judged-gateways.ts";

/** Returns a condition that is True without a problem, with its type as the reason. */
export function buildCondition(type: string, problem: ConditionProblem | undefined): StatusCondition {
  if (problem) return { type, status: "False", ...formatProblem(problem) };
  return { type, status: "True", reason: type, message: "" };
}

/** Returns a problem as the reason and message of a condition. */
export function formatProblem({
  reason,
  message,
  remedy,
}: ConditionProblem): Pick<StatusCondition, "reason" | "message"> {
  return { reason, message: remedy === "" ? message : `${message}; ${remedy}` };
}
