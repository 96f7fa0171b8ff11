import { writeFile } from "node:fs/promises";
import { hasErrors } from "../../compile/diagnostics.ts";
import { runPipeline } from "../../controller/pipeline.ts";
import { loadPermits } from "../../permits/source.ts";
import { formatPlanMarkdown } from "../../plan/format-markdown.ts";
import { formatPlan } from "../../plan/format-plan.ts";
import type { Plan } from "../../plan/plan.ts";
import { serializeSavedPlan } from "../../plan/saved-plan.ts";
import type { Account } from "../../publish/account.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import { loadAccount } from "../account-from-env.ts";
import { readEnvironmentFiles } from "../environment-files.ts";
import type { Environment } from "../help/environment-variables.ts";
import { assertReadablePaths } from "../manifest-paths.ts";
import { openPublication, type PublishOptions } from "../publish.ts";
import { type ClusterInputs, planCluster } from "./plan-cluster.ts";
import { createPlanStages } from "./plan-stages.ts";

/** Options that decide what a plan contains. A plan file has them, so that `edgress apply` needs no flag. */
export type PlanInputs = Omit<PublishOptions, "dryRun" | "format" | "edgeUrl" | "wait" | "takeOwnership" | "commit">;

export interface PlanOptions extends PlanInputs {
  /** The cluster of the kubeconfig in place of manifests. */
  readonly cluster: ClusterInputs | undefined;
  readonly json: boolean;
  readonly markdown: boolean;
  /** File to write the plan to, for `edgress apply`. */
  readonly out?: string | undefined;
}

const WOULD_CHANGE_EXIT_CODE = 2;

/** Prints what a publication of manifests or of a cluster would change. Resolves with the exit code: 2 for changes, 1 for errors. */
export async function runPlan(
  { json, markdown, out, cluster, ...inputs }: PlanOptions,
  environmentWithFiles: Environment,
  print: (line: string) => void,
): Promise<number> {
  if (json && markdown) throw new UsageError("--json and --markdown are mutually exclusive. Set one of them");
  if (cluster ? inputs.manifests.length > 0 : inputs.manifests.length === 0)
    throw new UsageError("nothing to plan, or two things. Set --manifests or --live");
  if (out !== undefined && (cluster || inputs.manifests.includes("-")))
    throw new UsageError("--out needs manifests in files, because `edgress apply` reads them again");
  const account = loadAccount(readEnvironmentFiles(environmentWithFiles));
  const plan = cluster ? await planCluster(cluster, account) : await createPlan(inputs, account, print);
  if (!plan) return 1;
  for (const line of formatPlanAs(plan, json, markdown)) print(line);
  if (out !== undefined) await savePlan(plan, inputs, account, out);
  return computePlanExitCode(plan);
}

/** Compiles manifests and compares them with the account. Resolves with undefined if a file does not parse. */
export async function createPlan(
  inputs: PlanInputs,
  account: Account,
  print: (line: string) => void,
): Promise<Plan | undefined> {
  const permits = await loadPermits(inputs.permits);
  await assertReadablePaths(inputs.manifests);
  const options = { ...inputs, dryRun: true, takeOwnership: false, format: "text" } as const;
  const { dependencies, stages, now } = openPublication(options, permits, account, undefined, print);
  return await runPipeline(dependencies, { ...stages, ...createPlanStages(dependencies, inputs, now) }, now);
}

/** Returns the exit code: 1 if an object was rejected or a removal is blocked, 2 if something would change, else 0. */
export function computePlanExitCode({ result, diagnostics, blockedRemovals }: Plan): number {
  if (hasErrors(diagnostics) || blockedRemovals.length > 0) return 1;
  return result === "would-change" ? WOULD_CHANGE_EXIT_CODE : 0;
}

function formatPlanAs(plan: Plan, json: boolean, markdown: boolean): string[] {
  if (json) return [JSON.stringify(plan, null, 2)];
  return markdown ? formatPlanMarkdown(plan) : formatPlan(plan);
}

async function savePlan({ fingerprint }: Plan, options: PlanInputs, account: Account, path: string): Promise<void> {
  const { signer, kv } = account;
  const saved = {
    savedAt: new Date().toISOString(),
    kvNamespaceId: kv.namespaceId,
    options: { ...options },
    fingerprint,
  };
  await writeFile(path, `${serializeSavedPlan(saved, signer)}\n`, { mode: 0o600 });
}
