import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

/** Runs npm in a folder and returns its output. Throws if it fails. */
export function npm(cwd: string, ...args: readonly string[]): string {
  const quiet = ["--no-audit", "--no-fund", "--no-update-notifier"];
  const { status, stdout, stderr } = spawnSync("npm", [...args, ...quiet], { cwd, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout;
}
