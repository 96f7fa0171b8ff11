import { readFile } from "node:fs/promises";
import { type CompileDependencies, type CompiledCluster, runPipeline } from "../../controller/pipeline.ts";
import { planChanges } from "../../controller/plan-changes.ts";
import { loadPermits } from "../../permits/source.ts";
import { formatPlan } from "../../plan/format-plan.ts";
import { buildPlan, findMovedPart, type Plan, type PlanFingerprint } from "../../plan/plan.ts";
import { parseSavedPlan } from "../../plan/saved-plan.ts";
import type { Account } from "../../publish/account.ts";
import type { DeletionLimits } from "../../publish/guard/deletion-guard.ts";
import { explainConflict } from "../../publish/history/rollback.ts";
import type { Confirm } from "../../runtime/confirm.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import { loadAccount } from "../account-from-env.ts";
import type { CheckedBase } from "../checked-base.ts";
import { readEnvironmentFiles } from "../environment-files.ts";
import type { Environment } from "../help/environment-variables.ts";
import { openPublication, publishStages, reportPublication } from "../publish.ts";
import type { ObserveAccount } from "./observed-run.ts";
import { createPlan, type PlanInputs } from "./plan.ts";

export interface ApplyOptions extends PlanInputs {
  readonly commit?: string | undefined;
}

/** Thrown if the state has changed since the plan. Nothing was written. */
export class MovedPlanError extends Error {}

/**
 * Carries out a plan file, or plans, prints, asks and publishes. Resolves with the exit code. Rejects with a
 * `MovedPlanError` if the state or the inputs have changed since the plan.
 */
export async function runApply(
  path: string | undefined,
  options: ApplyOptions,
  environmentWithFiles: Environment,
  print: (line: string) => void,
  confirm: Confirm,
  observe: ObserveAccount = (account) => account,
): Promise<number> {
  const environment = readEnvironmentFiles(environmentWithFiles);
  const account = observe(loadAccount(environment));
  if (path !== undefined) {
    if (options.manifests.length > 0)
      throw new UsageError("--manifests and a plan file are mutually exclusive: the file names its manifests");
    const { kv, signer } = account;
    const saved = parseSavedPlan((await readPlanFile(path)).trim(), path, signer, kv.namespaceId);
    const inputs = saved.options as unknown as PlanInputs; // signed, so written by this program
    return await publishPlanned({ ...inputs, commit: options.commit }, saved.fingerprint, account, environment, print);
  }
  if (options.manifests.length === 0)
    throw new UsageError("nothing to apply. Set --manifests, or a file of `edgress plan --out`");
  const plan = await createPlan(options, account, print);
  if (!plan) return 1;
  for (const line of formatPlan(plan)) print(line);
  if (plan.result === "would-not-change") return 0;
  if (await isRefused(plan, confirm)) {
    print("nothing was published");
    return 1;
  }
  return await publishPlanned(options, plan.fingerprint, account, environment, print);
}

async function isRefused({ fingerprint }: Plan, confirm: Confirm): Promise<boolean> {
  return !(await confirm(`Publish as generation ${fingerprint.generation + 1}?`));
}

/** Publishes manifests, after it checked that they still have the planned result. */
async function publishPlanned(
  options: ApplyOptions,
  fingerprint: PlanFingerprint,
  account: Account,
  environment: Environment,
  print: (line: string) => void,
): Promise<number> {
  const permits = await loadPermits(options.permits);
  const publishOptions = { ...options, dryRun: false, takeOwnership: false, format: "text" } as const;
  const opened = openPublication(publishOptions, permits, account, undefined, print);
  const { dependencies, stages, now } = opened;
  const publishing = publishStages(dependencies, publishOptions, environment, now, "apply");
  let isChecked = false;
  const report = await runPipeline(
    dependencies,
    {
      ...stages,
      ...publishing,
      async syncRecords(compiled: CompiledCluster, base: CheckedBase) {
        if (!isChecked) await assertUnmoved(compiled, base, fingerprint, options, dependencies);
        isChecked = true;
        return await publishing.syncRecords(compiled, base);
      },
    },
    now,
  ).catch((error: unknown) => {
    throw explainConflict(error, "edgress apply");
  });
  return report === undefined ? 1 : await reportPublication(report, "text", undefined, print);
}

async function assertUnmoved(
  compiled: CompiledCluster,
  { snapshot, warnings }: CheckedBase,
  fingerprint: PlanFingerprint,
  limits: DeletionLimits,
  dependencies: CompileDependencies,
): Promise<void> {
  const planned = await planChanges(compiled, snapshot, limits, dependencies);
  const plan = buildPlan(compiled, planned, snapshot, { writes: 0, bytes: 0 }, warnings);
  const part = findMovedPart(fingerprint, plan.fingerprint);
  if (part !== undefined)
    throw new MovedPlanError(`the plan is out of date: ${part}. Nothing was written; run \`edgress plan\` again`);
}

async function readPlanFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(`plan is not readable: ${path} (${(error as NodeJS.ErrnoException).code})`);
  }
}
