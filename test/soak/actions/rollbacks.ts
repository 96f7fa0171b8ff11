import { runResume, runRollback } from "../../../sync/commands/publications/rollback.ts";
import { sleep } from "../../../sync/runtime/sleep.ts";
import type { Action, ActionContext } from "./action.ts";
import { runOperatorCommand, untilPublished } from "./operator.ts";

const ROLLBACKS_PER_RUN = 11; // one may not fit any more
const MAX_AGE = 5; // generations
const MAX_HOLD_MS = 1_000;
const OPTIONS = { yes: true, maxRemovedHosts: 10, allowMassDeletion: false };
const print = () => undefined;
const confirm = async () => true; // it is not asked

/** Rolls back to an earlier generation again and again, and resumes. The controller must publish nothing between. */
export const rollBackAndResume: Action = async (context) => {
  const { locks, runMs, signal } = context;
  const startedAt = Date.now();
  for (let turn = 1; ; turn++) {
    await sleep(Math.max(0, startedAt + (turn * runMs) / ROLLBACKS_PER_RUN - Date.now()), signal);
    if (signal.aborted) return;
    await locks.operator.run(() => rollBackOnce(context));
  }
};

async function rollBackOnce(context: ActionContext): Promise<void> {
  const { world, log, locks, problems, random } = context;
  const latest = world.published.latest()?.manifest.generation ?? 1;
  const target = Math.max(1, latest - 1 - random.below(MAX_AGE));
  if (!world.published.get(target)) return; // a number that an interrupted publication used
  // KV cannot compare and set, so a command may not write at the same moment as the sync job.
  await locks.changes.run(async () => {
    await untilPublished(context);
    await runOperatorCommand(context, "rollback", () =>
      runRollback(target, OPTIONS, world.environment, print, confirm),
    );
  });
  log.record("rollback", `to generation ${target}`);
  const pinned = world.published.latest();
  await sleep(random.below(MAX_HOLD_MS), AbortSignal.timeout(MAX_HOLD_MS));
  const after = world.published.latest();
  if (after !== pinned || after?.manifest.rollback?.of !== target)
    problems.push(`generation ${after?.manifest.generation} was published during the rollback to ${target}`);
  await runOperatorCommand(context, "resume", () => runResume(world.environment, print));
  log.record("resume");
}
