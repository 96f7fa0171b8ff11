import { runAbort, runPromote } from "../../../sync/commands/publications/rollout.ts";
import { sleep } from "../../../sync/runtime/sleep.ts";
import { waitFor } from "../../support/wait-for.ts";
import type { PublishedGeneration } from "../check/published.ts";
import type { Action, ActionContext } from "./action.ts";
import { runOperatorCommand } from "./operator.ts";

/** The part of the run after which the roll-outs begin. */
const START_SHARE = 0.25;
/** An operator ends a roll-out at its start, so the controller does not publish its next step at the same moment. */
const STAGE_ARGS = ["--stage", "40%,60%", "--stage-interval", "2s", "--stage-min-requests", "10"];
const STEP_LIMIT_MS = 60_000;
const print = () => undefined;

/**
 * Restarts the sync job with stages, and makes three roll-outs: one that the controller promotes, one that an operator
 * promotes, and one that an operator aborts. No other change of the cluster may replace their candidates.
 */
export const rollOutInStages: Action = async (context) => {
  const { world, locks, runMs, signal } = context;
  await sleep(runMs * START_SHARE, signal);
  await locks.operator.run(() =>
    locks.changes.run(async () => {
      for (const step of STEPS) if (!signal.aborted) await step(context);
      await world.jobs.restartAllWith([]);
    }),
  );
};

const STEPS: readonly Action[] = [
  ({ world }) => world.jobs.restartAllWith(STAGE_ARGS),
  async (context) => {
    await stage(context);
    await untilGeneration(context, "the promotion by the controller", ({ candidate }) => !candidate);
  },
  async (context) => {
    await stage(context);
    await runOperatorCommand(context, "promote", () => runPromote(context.world.environment, print));
  },
  async (context) => {
    await stage(context);
    await runOperatorCommand(context, "abort", () => runAbort({}, context.world.environment, print));
  },
];

/** Changes the cluster, and waits for the candidate. */
async function stage(context: ActionContext): Promise<void> {
  const { world, cluster, log, random } = context;
  const before = world.published.latest()?.candidate?.digest;
  log.record("cluster change", `of ${cluster.change(world.server, random)} hosts, staged`);
  await untilGeneration(
    context,
    "a candidate",
    ({ candidate }) => candidate !== undefined && candidate.digest !== before,
  );
}

async function untilGeneration(
  { world, problems }: ActionContext,
  name: string,
  accept: (generation: PublishedGeneration) => boolean,
): Promise<void> {
  const isPublished = () => {
    const latest = world.published.latest();
    return latest !== undefined && accept(latest);
  };
  await waitFor(isPublished, STEP_LIMIT_MS, 20).catch(() => {
    problems.push(`${name} was not published within ${STEP_LIMIT_MS} ms`, ...world.jobs.lastLines());
  });
}
