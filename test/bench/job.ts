import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { listen } from "../../sync/dev/listening.ts";

const CLI = fileURLToPath(new URL("../../sync/cli.ts", import.meta.url));
const LOOK_MS = 250; // each look costs the job some 2 ms
const TICKS_PER_SECOND = 100; // sysconf(_SC_CLK_TCK) on Linux

/** The sync job as a process of its own. */
export interface RunningJob {
  readonly startedAt: number; // as performance.now()
  /** A metric, summed over its labels; undefined while it has no value, or nobody answers. */
  metric(name: string): Promise<number | undefined>;
  /** Resolves when a metric is at least so much. */
  until(name: string, atLeast: number): Promise<void>;
  /** Reads the metrics for so long, as often as `until` does. */
  lookFor(ms: number): Promise<void>;
  /** All that its threads have taken so far, in ms. */
  cpu(): number;
  /** In bytes: now, and at its highest. */
  memory(): { readonly resident: number; readonly peak: number };
  stop(): Promise<void>;
}

/** The options of node that deploy/ gives it. */
function deployedOptions(): string[] {
  const deployment = readFileSync(new URL("../../deploy/base/deployment.yaml", import.meta.url), "utf8");
  const [, options = ""] = /name: NODE_OPTIONS\n\s*value: (.+)/.exec(deployment) ?? [];
  return options.split(" ");
}

/** Starts `edgress sync`. `nodeOptions` go to its node, such as --cpu-prof. */
export async function startJob(
  options: readonly string[],
  environment: Readonly<Record<string, string>>,
  nodeOptions: readonly string[],
): Promise<RunningJob> {
  const free = await listen(createServer(), 0);
  await free.close();
  const startedAt = performance.now();
  const args = [...deployedOptions(), ...nodeOptions, CLI, "sync", "--health-port", String(free.port), ...options];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"], env: { ...environment } });
  const metric = async (name: string) => sumOf(name, await metricsAt(free.port));
  return {
    startedAt,
    metric,
    async until(name, atLeast) {
      while (((await metric(name)) ?? -1) < atLeast) {
        const { exitCode, signalCode } = child;
        if (exitCode !== null || signalCode !== null) throw new Error(`the sync job ended: ${exitCode ?? signalCode}`);
        await sleep(LOOK_MS);
      }
    },
    async lookFor(ms) {
      for (const began = performance.now(); performance.now() - began < ms; await sleep(LOOK_MS)) await metric("");
    },
    cpu: () => cpuOf(child),
    memory: () => memoryOf(child),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function metricsAt(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
  return answer ? await answer.text() : "";
}

function sumOf(name: string, exposition: string): number | undefined {
  const lines = exposition.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  if (lines.length === 0) return undefined;
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

function cpuOf({ pid }: ChildProcess): number {
  const [, , , , , , , , , , , user, system] = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return ((Number(user) + Number(system)) / TICKS_PER_SECOND) * 1000;
}

function memoryOf({ pid }: ChildProcess): { resident: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
  return { resident: bytes("VmRSS"), peak: bytes("VmHWM") };
}
