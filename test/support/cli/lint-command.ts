import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type LintOptions, runLint } from "../../../sync/commands/lint.ts";
import { createLintCommand } from "../../../sync/commands/lint-command.ts";
import type { LintReport } from "../../../sync/lint/verdicts/report.ts";

const CLI = process.env.TEST_CLI ?? fileURLToPath(new URL("../../../sync/cli.ts", import.meta.url));
const NODE = process.env.TEST_NODE ?? process.execPath;

export interface LintRun {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** Runs `edgress` with a text on standard input. */
export async function runWithInput(
  args: readonly string[],
  input = "",
  environment: Readonly<Record<string, string>> = {},
  workingFolder: string | undefined = undefined,
): Promise<LintRun> {
  const child = spawn(NODE, [CLI, ...args], { env: environment, cwd: workingFolder });
  child.stdin.on("error", () => {}).end(input); // the command may end before it reads
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: child.exitCode, out, error };
}

/** Runs `edgress lint --format json` in this process, or in another one with its environment, and returns the report. */
export async function lintToJson(
  args: readonly string[],
  input = "",
  environment?: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly report: LintReport }> {
  const jsonArgs = [...args, "--format", "json"];
  if (environment === undefined) return lintInProcess(jsonArgs, input);
  const { code, out, error } = await runWithInput(["lint", ...jsonArgs], input, environment);
  if (code === 2) throw new Error(error);
  return { code, report: JSON.parse(out) as LintReport };
}

async function lintInProcess(args: readonly string[], input: string) {
  const command = createLintCommand().parse(args, { from: "user" });
  const { zone, ...options } = command.opts<Omit<LintOptions, "zones"> & { zone: string[] }>();
  const terminal = { width: 80, useColors: false };
  const result = await runLint(command.args, { ...options, zones: zone }, Readable.from([input]), terminal);
  return { code: result.exitCode, report: JSON.parse(result.lines.join("\n")) as LintReport };
}

/** Writes files into a new folder while `use` runs. */
export async function withFolder<T>(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "lint-"));
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
