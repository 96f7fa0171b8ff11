import { type Command, InvalidArgumentError } from "commander";
import { confirmOnTerminal } from "../../runtime/confirm.ts";
import { formatVariableHelp } from "../help/environment-variables.ts";
import {
  createAllowMassDeletionOption,
  createFormatOption,
  createMaxRemovedHostsOption,
  print,
} from "../shared-options.ts";

/** Adds the commands of the history. */
export function addPublications(program: Command): void {
  addHistory(program);
  addShow(program);
  addDiff(program);
  addRollback(program);
  addResume(program);
  addPromote(program);
  addAbort(program);
}

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
  program
    .command("rollback")
    .description("Publish an earlier generation again, and keep it until resume")
    .argument("<generation>", "generation in the history", parseGenerationNumber)
    .option("--yes", "do not ask", false)
    .addOption(createMaxRemovedHostsOption())
    .addOption(createAllowMassDeletionOption())
    .addHelpText("after", formatVariableHelp("rollback"))
    .action(async (generation, options) => {
      const { runRollback } = await import("./rollback.ts");
      process.exitCode = await runRollback(generation, options, process.env, print, confirmOnTerminal);
    });
}

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
