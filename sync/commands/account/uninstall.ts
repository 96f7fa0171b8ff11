import { rm, rmdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { Terminal } from "../../runtime/terminal.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import { keepUnchanged } from "../../setup/removal/compare-plans.ts";
import { readAccountContent } from "../../setup/removal/read-content.ts";
import { describeRemoval, planRemoval, type RemovalPlan } from "../../setup/removal/removal-plan.ts";
import { runRemoval } from "../../setup/removal/run-removal.ts";
import { readAllSettings } from "../../setup/settings.ts";
import type { Environment } from "../help/environment-variables.ts";
import { loadSession } from "./check.ts";
import type { Prompts } from "./prompts.ts";
import type { SetupOptions, SetupSession } from "./setup-session.ts";

export interface UninstallOptions extends SetupOptions {
  readonly yes: boolean;
  readonly dryRun: boolean;
}

const CHANGES_EXIT_CODE = 2;

/** Removes what edgress made in the account, after printing it. Resolves with 1 if something of it stays. */
export async function runUninstall(
  options: UninstallOptions,
  environment: Environment,
  terminal: Terminal,
  prompts: Prompts | undefined,
): Promise<number> {
  const session = await loadSession(options, environment);
  const { client, settings, variables } = session;
  const readPlan = async () => planRemoval(await readAccountContent(client, settings, variables));
  const plan = await readPlan();
  const isDeleting = plan.kept.length === 0;
  const folder = relative(process.cwd(), dirname(session.files.settings));
  const print = (line: string) => {
    if (!options.json) terminal.print(line);
  };
  for (const line of formatPlan(plan, isDeleting ? folder : undefined)) print(line);
  if (options.json) terminal.print(JSON.stringify({ ...plan, folder }, undefined, 2));
  if (options.dryRun) return CHANGES_EXIT_CODE;
  if (!options.yes && !(await prompts?.confirm("Remove all of this?")))
    throw new UsageError("nothing was removed. Set --yes");
  const current = keepUnchanged(plan, await readPlan()); // the account may have changed before the answer
  for (const line of current.kept.filter((text) => !plan.kept.includes(text))) print(`stays: ${line}`);
  for (const removal of current.removals) {
    await runRemoval(client, settings.accountId, removal);
    print(`removed ${describeRemoval(removal)}`);
  }
  if (current.kept.length > 0) return 1;
  await removeFiles(session);
  return 0;
}

function formatPlan({ removals, kept }: RemovalPlan, folder: string | undefined): readonly string[] {
  return [
    "Stop the controller first, because it would create records and routes again.",
    ...removals.map((removal) => `- ${describeRemoval(removal)}`),
    ...(folder === undefined ? [] : [`- folder ${folder} with the keys`]),
    ...kept.map((line) => `stays: ${line}`),
    "In a cluster, remove the Secret too: kubectl -n edgress delete secret edgress",
  ];
}

/** Removes the files of the environment, and after the last one those that all environments share. */
async function removeFiles({ files }: SetupSession): Promise<void> {
  await rm(dirname(files.settings), { recursive: true, force: true });
  const remaining = await readAllSettings(files.folder);
  if (remaining.size > 0) return;
  const shared = [files.wranglerConfig, files.wranglerLog, files.gitignore, dirname(files.workerScript)];
  for (const path of [...shared, join(files.folder, ".wrangler")]) await rm(path, { recursive: true, force: true });
  await rmdir(files.folder).catch(() => {}); // it has files of others
}
