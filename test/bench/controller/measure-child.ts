import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** As in deploy/base/deployment.yaml: the default takes 200 MB more. */
const NODE_OPTIONS = ["--max-semi-space-size=8"];
const MAX_OUTPUT_BYTES = 1e6;

/** Runs a script of this folder in a process of its own, so that its peak memory is its own. Returns the JSON that it prints. */
export function measureInChild<T>(script: string, args: readonly string[]): T {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [...NODE_OPTIONS, file, ...args], {
    encoding: "utf8",
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  if (status !== 0) throw new Error(`${script} ${args.join(" ")}: ${stderr}`);
  return JSON.parse(stdout) as T; // printed by the script
}
