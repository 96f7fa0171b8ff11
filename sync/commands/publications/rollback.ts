import { formatDiffCounts, formatHostDiff } from "../../plan/format-diff.ts";
import { diffRules } from "../../publish/changes/diff-rules.ts";
import { type DeletionLimits, guardDeletions } from "../../publish/guard/deletion-guard.ts";
import { findUnpublishedGuards } from "../../publish/guard/unpublished-guards.ts";
import { explainConflict, planRollback, type RollbackPlan, resume, rollBack } from "../../publish/history/rollback.ts";
import type { Confirm } from "../../runtime/confirm.ts";
import { foldLines } from "../../runtime/fold.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import type { Environment } from "../help/environment-variables.ts";
import { readAuthor, readOperator } from "./author.ts";
import type { ObserveAccount } from "./observed-run.ts";
import { loadOperatorAccount } from "./operator-account.ts";

export interface RollbackOptions extends DeletionLimits {
  /** Asks nothing. */
  readonly yes: boolean;
}

/**
 * Publishes an earlier generation again, pinned until `edgress resume`. Resolves with the exit code: 1 if the answer was
 * no. Rejects with a `UsageError` if the rollback would remove too many hosts.
 */
export async function runRollback(
  generation: number,
  { yes, ...limits }: RollbackOptions,
  environmentWithFiles: Environment,
  print: (line: string) => void,
  confirm: Confirm,
  observe?: ObserveAccount,
): Promise<number> {
  const { account, environment } = await loadOperatorAccount(environmentWithFiles, observe);
  const plan = await planRollback(account, generation, new Date());
  for (const line of formatRollback(plan)) print(line);
  assertWithinLimits(plan, limits);
  if (!yes && !(await confirm(`Roll back to generation ${generation}?`))) {
    print("nothing was published");
    return 1;
  }
  const act = { author: readAuthor("rollback", environment), by: readOperator(environment), now: new Date() };
  const result = await rollBack(account, plan, act).catch((error: unknown) => {
    throw explainConflict(error, `edgress rollback ${generation}`);
  });
  for (const record of result.addedRecords) print(`+ DNS record ${record}`);
  print(`published generation=${result.generation} rollback=${generation} writes=${result.writes}`);
  print("changes of the cluster are not published until: edgress resume");
  return 0;
}

/** Ends a rollback. The controller publishes the rules of the cluster with its next sync. */
export async function runResume(environmentWithFiles: Environment, print: (line: string) => void): Promise<void> {
  const { account, environment } = await loadOperatorAccount(environmentWithFiles);
  const act = { author: readAuthor("resume", environment), now: new Date() };
  const result = await resume(account, act).catch((error: unknown) => {
    throw explainConflict(error, "edgress resume");
  });
  print(
    result
      ? `published generation=${result.generation} writes=${result.writes}`
      : "no generation is pinned, and no candidate was aborted",
  );
  if (result) print("the controller, or `edgress publish`, publishes changes again");
}

function formatRollback({ current, target }: RollbackPlan): string[] {
  const hosts = diffRules(current.hosts, target.hosts);
  const lostGuards = findUnpublishedGuards(target.hosts, current.hosts).map(
    ({ line, policies }) => `warning route ${line} loses or changes its guards: ${policies.join(", ")}`,
  );
  return [
    ...foldLines(
      hosts.flatMap((host) => formatHostDiff(host)),
      (count) => `… and ${count} more lines; see edgress diff`,
    ),
    ...foldLines(lostGuards, (count) => `warning … and ${count} more routes lose or change guards`),
    `rollback from generation ${current.manifest?.generation ?? 0} to ${target.manifest.generation}: ${formatDiffCounts(hosts)}`,
  ];
}

function assertWithinLimits({ current, target }: RollbackPlan, limits: DeletionLimits): void {
  const [removal] = guardDeletions(current.hosts, target.hosts, limits, new Set()).blockedRemovals;
  if (removal)
    throw new UsageError(
      `rollback removes too much: ${removal.reason} (namespace ${removal.namespace}). Review it, then use --allow-mass-deletion`,
    );
}
