import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { TARGET_SHARES } from "./target.ts";

// `npm run fuzz -- --minutes N [--target NAME[/PROPERTY]] [--seed N] [--path PATH] [--print-inputs]`. Each target has a
// process, so that a crash, a loop without an end and a heap that grows are failures of that target.

/** Heap of a target's process. */
const MAX_HEAP_MIB = 512;
/** Time to start a target, and to find a smaller input. */
const GRACE_MS = 60_000;
const MINUTE_MS = 60_000;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    target: { type: "string" },
    seed: { type: "string", default: String(randomInt(2 ** 31)) },
    path: { type: "string" },
    "print-inputs": { type: "boolean", default: false },
  },
});

/** Runs a target in a process. Returns whether no input violated a property. */
async function runTarget(name: string, milliseconds: number, property: string | undefined): Promise<boolean> {
  const script = fileURLToPath(new URL("run-target.ts", import.meta.url));
  const options = { ms: String(Math.round(milliseconds)), seed: flags.seed, property, path: flags.path };
  const args = Object.entries(options).flatMap(([key, value]) => (value === undefined ? [] : [`--${key}`, value]));
  const child = spawn(process.execPath, [`--max-old-space-size=${MAX_HEAP_MIB}`, script, name, ...args], {
    stdio: "inherit",
    env: { ...process.env, ...(flags["print-inputs"] && { FUZZ_PRINT_INPUTS: "1" }) },
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), milliseconds + GRACE_MS);
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  if (code === 0) return true;
  if (code !== 1) process.stdout.write(`FAILED ${name}: its process ended with ${code ?? signal}\n`);
  process.stdout.write(
    `  again: npm run fuzz -- --target ${name} --seed ${flags.seed} --minutes ${flags.minutes} --print-inputs\n`,
  );
  return false;
}

const [onlyTarget, onlyProperty] = flags.target?.split("/") ?? [];
const shares = Object.entries(TARGET_SHARES).filter(([name]) => (onlyTarget ?? name) === name);
if (shares.length === 0) {
  process.stderr.write(`target not found: ${onlyTarget}. Use one of ${Object.keys(TARGET_SHARES).join(", ")}\n`);
  process.exit(1);
}
const shareMs = (Number(flags.minutes) * MINUTE_MS) / shares.reduce((sum, [, share]) => sum + share, 0);
process.stdout.write(`seed=${flags.seed} minutes=${flags.minutes}\n`);
let failures = 0;
for (const [name, share] of shares) if (!(await runTarget(name, share * shareMs, onlyProperty))) failures++;
process.stdout.write(failures === 0 ? "no failure\n" : `${failures} of ${shares.length} targets failed\n`);
process.exitCode = failures === 0 ? 0 : 1;
