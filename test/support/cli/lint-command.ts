import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
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

/** Runs `edgress lint --format json`, and returns its report. */
export async function lintToJson(
  args: readonly string[],
  input = "",
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly report: LintReport }> {
  const { code, out, error } = await runWithInput(["lint", ...args, "--format", "json"], input, environment);
  if (code === 2) throw new Error(error);
  return { code, report: JSON.parse(out) as LintReport };
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
