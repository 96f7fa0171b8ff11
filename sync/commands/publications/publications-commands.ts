import { type Command, InvalidArgumentError } from "commander";
import { type Confirm, confirmOnTerminal } from "../../runtime/confirm.ts";
import { PERMITS_HELP } from "../compile-options.ts";
import { formatVariableHelp } from "../help/environment-variables.ts";
import { addHostOptions } from "../hosts/host-options.ts";
import { parsePermitsLocation } from "../option-parsers.ts";
import {
  addClassOptions,
  addDeletionLimits,
  createFormatOption,
  NAMESPACE_HELP,
  print,
  withoutUsageErrors,
} from "../shared-options.ts";

/** Adds the commands that plan publications, and those of the history. */
export function addPublications(program: Command): void {
  addPlan(program);
  addApply(program);
  addHistory(program);
  addShow(program);
  addDiff(program);
  addRollback(program);
  addResume(program);
  addPromote(program);
  addAbort(program);
}

function addPlan(program: Command): void {
  addPlanInputs(program.command("plan"))
    .description("Show what a publication of manifests or a cluster would change")
    .option("--live", "plan the cluster of the kubeconfig, as edgress sync publishes it", false)
    .option("--watch-namespace <name...>", "with --live: namespaces to watch; all if not set", [])
    .option("--ingress-selector <labels>", "with --live: label selector for Ingresses", "")
    .option("--permits-config-map <name>", "with --live: ConfigMap with the permits: [namespace/]name")
    .option("--namespace <name>", NAMESPACE_HELP)
    .option("--json", "print JSON", false)
    .option("--markdown", "print Markdown for a comment on a pull request", false)
    .option("--out <file>", "write the plan to a file, for edgress apply")
    .addHelpText("after", `${PLAN_EXIT_CODES}\n${formatVariableHelp("plan")}`)
    .action(async ({ live, permitsConfigMap, ...options }) => {
      const { runPlan } = await import("./plan.ts");
      const { namespace, permits } = options;
      const permitsLocation = parsePermitsLocation(permits, permitsConfigMap, namespace);
      const cluster = live ? { ...options, permits: permitsLocation } : undefined;
      process.exitCode = await withoutUsageErrors(runPlan({ ...options, cluster }, process.env, print));
    });
}

function addApply(program: Command): void {
  addPlanInputs(program.command("apply"))
    .description("Carry out a plan file, or plan manifests and ask before publishing")
    .argument("[file]", "plan of edgress plan --out")
    .option("--commit <id>", "commit of the manifests, for the history (default: GITHUB_SHA or CI_COMMIT_SHA)")
    .addHelpText("after", formatVariableHelp("publish"))
    .action(async (file, options) => {
      const { runApply } = await import("./apply.ts");
      const { runObserved } = await import("./observed-run.ts");
      process.exitCode = await runObserved((observed) =>
        runApply(file, options, process.env, observed.print, confirmApply, observed.observe),
      );
    });
}

const confirmApply: Confirm = (question) =>
  confirmOnTerminal(
    question,
    "To publish without a question, save the plan with `edgress plan --out`, and apply the file",
  );

/** Adds the options that decide what a plan contains. */
function addPlanInputs(command: Command): Command {
  addHostOptions(addClassOptions(command, false))
    .option("-f, --manifests <path...>", "files or folders of manifests; - for standard input; repeatable", [])
    .option("--permits <file>", PERMITS_HELP);
  return addDeletionLimits(command).option("--resume", "end a rollback that is active", false);
}

const PLAN_EXIT_CODES = `
Exit codes:
  0  nothing to change
  1  an error, or a blocked removal
  2  something would change`;

function addHistory(program: Command): void {
  program
    .command("history")
    .description("List the published generations")
    .addOption(createFormatOption("format of the list"))
    .addHelpText("after", formatVariableHelp("history"))
    .action(async (options) => {
      const { runHistory } = await import("./inspect-history.ts");
      for (const line of await runHistory(options, process.env)) print(line);
    });
}

function addShow(program: Command): void {
  program
    .command("show")
    .description("Show the hosts and routes of a generation")
    .argument("<generation>", "generation in the history", parseGenerationNumber)
    .option("--host <name>", "show one host")
    .addOption(createFormatOption("format of the rules"))
    .addHelpText("after", formatVariableHelp("history"))
    .action(async (generation, options) => {
      const { runShow } = await import("./inspect-history.ts");
      for (const line of await runShow(generation, options, process.env)) print(line);
    });
}

function addDiff(program: Command): void {
  program
    .command("diff")
    .description("Show the differences between two generations")
    .argument("<before>", "generation in the history", parseGenerationNumber)
    .argument("<after>", "generation in the history", parseGenerationNumber)
    .addOption(createFormatOption("format of the differences"))
    .addHelpText("after", formatVariableHelp("history"))
    .action(async (before, after, options) => {
      const { runDiff } = await import("./inspect-history.ts");
      for (const line of await runDiff(before, after, options, process.env)) print(line);
    });
}

function addRollback(program: Command): void {
  const command = program
    .command("rollback")
    .description("Publish an earlier generation again, and keep it until resume")
    .argument("<generation>", "generation in the history", parseGenerationNumber)
    .option("--yes", "do not ask", false);
  addDeletionLimits(command)
    .addHelpText("after", formatVariableHelp("rollback"))
    .action(async (generation, options) => {
      const { runRollback } = await import("./rollback.ts");
      const { runObserved } = await import("./observed-run.ts");
      process.exitCode = await runObserved((observed) =>
        runRollback(generation, options, process.env, observed.print, confirmRollback, observed.observe),
      );
    });
}

const confirmRollback: Confirm = (question) => confirmOnTerminal(question, "To publish without a question, use --yes");

function addResume(program: Command): void {
  program
    .command("resume")
    .description("End a rollback or the hold after an abort, so that changes are published again")
    .addHelpText("after", formatVariableHelp("rollback"))
    .action(async () => {
      const { runResume } = await import("./rollback.ts");
      await runResume(process.env, print);
    });
}

function addPromote(program: Command): void {
  program
    .command("promote")
    .description("Publish the candidate of a staged roll-out to every client")
    .addHelpText("after", formatVariableHelp("rollback"))
    .action(async () => {
      const { runPromote } = await import("./rollout.ts");
      await runPromote(process.env, print);
    });
}

function addAbort(program: Command): void {
  program
    .command("abort")
    .description("End a staged roll-out with the active rules")
    .option("--reason <text>", "reason, for the history and status")
    .addHelpText("after", formatVariableHelp("rollback"))
    .action(async (options) => {
      const { runAbort } = await import("./rollout.ts");
      await runAbort(options, process.env, print);
    });
}

function parseGenerationNumber(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("must be the number of a generation");
}
