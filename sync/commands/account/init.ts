import { relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createApiClient } from "../../cloudflare/client.ts";
import { createNamespaces } from "../../cloudflare/namespaces.ts";
import type { EdgeAnswer } from "../../edge/edge-client.ts";
import type { Terminal } from "../../runtime/terminal.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import { type CheckResult, hasFailedCheck } from "../../setup/checks/check.ts";
import { checkEdge } from "../../setup/checks/edge-checks.ts";
import { formatChecks } from "../../setup/checks/format-checks.ts";
import { checkPrerequisites, findBlockingErrors } from "../../setup/checks/run-checks.ts";
import { readWorker } from "../../setup/facts.ts";
import { findForeignWorker, type InitState, type InitStep, planInit } from "../../setup/steps/plan-init.ts";
import { runInitSteps } from "../../setup/steps/run-init.ts";
import type { Environment } from "../help/environment-variables.ts";
import { collectAnswers, type InitAnswers, type InitOptions } from "./init-answers.ts";
import { loadInitState } from "./init-state.ts";
import { formatNextCommands } from "./next-commands.ts";
import type { Prompts } from "./prompts.ts";
import { callWrangler, collectCheckInput, openSession, readEdge, type SetupSession } from "./setup-session.ts";

const CHANGES_EXIT_CODE = 2;
/** A deployment is everywhere after some seconds. */
const EDGE_TIMEOUT_MS = 30_000;
const EDGE_INTERVAL_MS = 1000;

/** Sets up an account: KV namespace, keys, Worker and files. Resolves with the exit code. */
export async function runInit(
  options: InitOptions,
  environment: Environment,
  terminal: Terminal,
  prompts: Prompts | undefined,
): Promise<number> {
  const output = createOutput(options.json, terminal);
  const answers = await collectAnswers(options, environment, prompts);
  const session = await openInitSession(options, answers);
  const input = await collectCheckInput(session);
  const checks = checkPrerequisites(input);
  output.printChecks(checks);
  const blocking = findBlockingErrors(checks);
  if (blocking.length > 0) return output.end(1, { checks });
  const state = await loadInitState(session, input.facts, answers, options);
  const foreign = findForeignWorker(state);
  if (foreign !== undefined) throw new UsageError(foreign);
  const steps = planInit(state);
  output.printSteps(steps);
  const isChanging = steps.some(({ isDone }) => !isDone);
  if (options.dryRun) return output.end(isChanging ? CHANGES_EXIT_CODE : 0, { checks, steps });
  await confirmSteps(steps, state, options, prompts);
  await assertOwnWorker(session, state);
  const result = await runInitSteps(steps, state, {
    files: session.files,
    environment: options.environment,
    namespaces: createNamespaces(session.client, answers.credentials.accountId),
    script: session.script,
    spawnWrangler: (call) => callWrangler(session, call),
    onStep: output.printStep,
    secretNamespace: options.secretNamespace,
  });
  const edge = checkEdge(
    await waitForEdge(result.settings.edgeUrl, result.variables),
    result.settings.edgeUrl,
    input.facts,
    result.settings.script,
  );
  output.printChecks([edge]);
  if (options.showKeys) output.printVariables(result.variables);
  const next = formatNextCommands(
    relative(process.cwd(), session.files.controllerVariables),
    result.settings.script,
    options,
  );
  output.printNext(next);
  return output.end(hasFailedCheck([edge]) ? 1 : 0, { checks: [...checks, edge], steps, next });
}

async function openInitSession(options: InitOptions, answers: InitAnswers): Promise<SetupSession> {
  const { credentials, settings, variables } = answers;
  const client = createApiClient({ apiToken: credentials.apiToken, baseURL: credentials.baseURL });
  return openSession(options, settings, variables, credentials, client);
}

/** Throws if someone else deployed a Worker of this name while the questions waited for an answer. */
async function assertOwnWorker({ client, credentials, settings }: SetupSession, state: InitState): Promise<void> {
  const worker = await readWorker(client, credentials.accountId, settings.script);
  const foreign = findForeignWorker({ ...state, worker });
  if (foreign !== undefined) throw new UsageError(foreign);
}

/** Asks once for all changes, and separately before another namespace is taken over. */
async function confirmSteps(
  steps: readonly InitStep[],
  { isNamespaceOfEarlierRun }: InitState,
  { yes, adoptNamespace }: InitOptions,
  prompts: Prompts | undefined,
): Promise<void> {
  const adoption = steps.find(({ type }) => type === "adopt-namespace");
  if (adoption && !adoptNamespace && !isNamespaceOfEarlierRun) {
    const isConfirmed = !yes && prompts && (await prompts.confirm(`${adoption.description}?`));
    if (!isConfirmed)
      throw new UsageError(
        `KV namespace exists already: ${adoption.description}. Set --adopt-namespace, or another --name`,
      );
  }
  if (yes || steps.every(({ isDone }) => isDone)) return;
  if (!(await prompts?.confirm("Make these changes?"))) throw new UsageError("nothing was changed");
}

async function waitForEdge(
  edgeUrl: string | undefined,
  variables: Readonly<Record<string, string>>,
): Promise<EdgeAnswer | undefined> {
  const deadline = Date.now() + EDGE_TIMEOUT_MS;
  for (;;) {
    const answer = await readEdge(edgeUrl, variables);
    if (answer?.type !== "unavailable" || Date.now() > deadline) return answer;
    await sleep(EDGE_INTERVAL_MS);
  }
}

interface InitReport {
  readonly checks: readonly CheckResult[];
  readonly steps?: readonly InitStep[];
  readonly next?: readonly string[];
}

/** Prints for people as it goes, or one JSON document at the end. */
function createOutput(isJson: boolean, terminal: Terminal) {
  const print: Terminal["print"] = (...parts) => {
    if (!isJson) terminal.print(...parts);
  };
  return {
    printChecks(checks: readonly CheckResult[]) {
      for (const parts of formatChecks(checks)) print(...parts);
    },
    printSteps(steps: readonly InitStep[]) {
      for (const { isDone, description } of steps) print(isDone ? "= " : "+ ", description);
    },
    printStep({ description }: InitStep, phase: "begin" | "done") {
      if (phase === "begin" && terminal.isInteractive) print({ style: "dim", text: `… ${description}` });
      if (phase === "done") print({ style: "green", text: "done" }, ` ${description}`);
    },
    printVariables(variables: Readonly<Record<string, string>>) {
      for (const [name, value] of Object.entries(variables)) print(`${name}=${value}`);
    },
    printNext(next: readonly string[]) {
      print("next:");
      for (const line of next) print(`  ${line}`);
    },
    end(exitCode: number, report: InitReport): number {
      if (isJson) terminal.print(JSON.stringify({ exitCode, ...report }, undefined, 2));
      return exitCode;
    },
  };
}
