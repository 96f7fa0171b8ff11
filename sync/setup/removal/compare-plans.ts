import { isDeepStrictEqual } from "node:util";
import type { AccountRemoval, RemovalPlan } from "./removal-plan.ts";
import { describeRemoval } from "./removal-plan.ts";

/**
 * Returns the removals of a printed plan that are the same in a plan of the current account. Changed objects stay, and so do
 * new ones, which were not printed. Then the KV namespace stays too, because it has the registry.
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
