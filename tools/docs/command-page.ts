import { execFile } from "node:child_process";
import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Command } from "commander";
import { createProgram } from "../../sync/commands/program.ts";
import { formatBlock, formatMarkdownTable, joinParts } from "./markdown.ts";

const CLI = fileURLToPath(new URL("../../sync/cli.ts", import.meta.url));
/** Returns the page of the command line: its help texts and exit codes. */
export async function formatCliPage(): Promise<string> {
  const sections = [];
  for (const path of listCommands(createProgram())) {
    sections.push("", `## edgress ${path.join(" ")}`, "", formatBlock(await readHelp(...path)));
  }
  return joinParts(
    "# Command line",
    "This is the output of `edgress --help` and of `edgress <command> --help`.",
    "",
    formatBlock(await readHelp()),
    "",
    "## Exit codes",
    "",
    formatMarkdownTable(
      ["Code", "Meaning"],
      [
        ["0", "Success"],
        [
          "1",
          "An object has an error, a removal was blocked, nothing is ours, or the command failed; `lint`: a finding as severe as `--fail-on`",
        ],
        [
          "2",
          "A flag, an argument or an environment variable is invalid; with `--dry-run`, something would change; `lint`: also, nothing to check",
        ],
      ],
    ),
    ...sections,
  );
}

/** Returns the path of each command: ["keys", "rotate"]. */
function listCommands({ commands }: Command): string[][] {
  return commands.flatMap((command) => [
    [command.name()],
    ...listCommands(command).map((path) => [command.name(), ...path]),
  ]);
}

/** Returns what a command prints about itself. */
async function readHelp(...command: string[]): Promise<string> {
  const environment = { ...process.env, COLUMNS: "100", NO_COLOR: "1" };
  const { stdout } = await promisify(execFile)(execPath, [CLI, ...command, "--help"], { env: environment });
  return stdout.trimEnd();
}
