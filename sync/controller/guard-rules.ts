import type { Rules } from "../../src/rules/snapshot.ts";
import { type BlockedRemoval, type DeletionLimits, guardDeletions } from "../publish/guard/deletion-guard.ts";
import type { PublishedSnapshot } from "../publish/read-published.ts";

/** Returns the rules to publish: those that were compiled, with the removals that the deletion guard blocks. */
export function guardRules(
  snapshot: Pick<PublishedSnapshot, "hosts">,
  rules: Rules,
  limits: DeletionLimits,
  approvedIds: ReadonlySet<string>,
): { readonly rules: Rules; readonly blockedRemovals: readonly BlockedRemoval[] } {
  const { hosts, blockedRemovals } = guardDeletions(snapshot.hosts, rules.hosts, limits, approvedIds);
  return { rules: hosts === rules.hosts ? rules : { ...rules, hosts }, blockedRemovals };
}
