import { isDeepStrictEqual } from "node:util";
import type { AccountRemoval, RemovalPlan } from "./removal-plan.ts";
import { describeRemoval } from "./removal-plan.ts";

/**
 * Returns the removals of a printed plan that are the same in a plan of the current account. What changed meanwhile stays,
 * and what is new was not printed, so it stays too. Then the KV namespace stays, because it has the registry.
 */
export function keepUnchanged(printed: RemovalPlan, current: RemovalPlan): RemovalPlan {
  const isIn = (plan: RemovalPlan) => (removal: AccountRemoval) =>
    plan.removals.some((other) => isDeepStrictEqual(other, removal));
  const added = current.removals
    .filter((removal) => !isIn(printed)(removal))
    .map((removal) => `${describeRemoval(removal)}: it changed meanwhile; run the command again`);
  const kept = [...current.kept, ...added];
  const isFinal = kept.length === 0;
  return {
    removals: printed.removals.filter(isIn(current)).filter(({ type }) => isFinal || type !== "namespace"),
    kept,
  };
}
