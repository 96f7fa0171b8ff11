import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { listen } from "../../../sync/net/listen.ts";

const CLI = fileURLToPath(new URL("../../../sync/cli.ts", import.meta.url));
const POLL_INTERVAL_MS = 250; // each look costs the job some 2 ms
const TICKS_PER_SECOND = 100; // sysconf(_SC_CLK_TCK) on Linux

/** The sync job as a process of its own. */
export interface BenchJob {
  readonly startedAt: number; // as performance.now()
  /** A metric, summed over its labels; undefined while it has no value, or nobody answers. */
  metric(name: string): Promise<number | undefined>;
  /** Resolves when a metric is at least so much. */
  waitForMetric(name: string, minimum: number): Promise<void>;
  /** Reads the metrics for so long, as often as `waitForMetric` does. */
  pollFor(ms: number): Promise<void>;
  /** All that its threads have taken so far, in ms. */
  readCpuMs(): number;
  /** In bytes: now, and at its highest. */
  readMemoryBytes(): { readonly resident: number; readonly peak: number };
  stop(): Promise<void>;
}

/** The options of node that deploy/ gives it. */
function readDeployedNodeOptions(): string[] {
  const deployment = readFileSync(new URL("../../../deploy/base/deployment.yaml", import.meta.url), "utf8");
  const [, options = ""] = /name: NODE_OPTIONS\n\s*value: (.+)/.exec(deployment) ?? [];
  return options.split(" ");
}

/** Starts `edgress sync`. `nodeOptions` go to its node, such as --cpu-prof. */
export async function startBenchJob(
  options: readonly string[],
  environment: Readonly<Record<string, string>>,
  nodeOptions: readonly string[],
): Promise<BenchJob> {
  const reservation = await listen(createServer(), 0);
  await reservation.close();
  const startedAt = performance.now();
  const args = [
    ...readDeployedNodeOptions(),
    ...nodeOptions,
    CLI,
    "sync",
    "--health-port",
    String(reservation.port),
    ...options,
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"], env: { ...environment } });
  const metric = async (name: string) => sumMetric(name, await fetchMetrics(reservation.port));
  return {
    startedAt,
    metric,
    async waitForMetric(name, minimum) {
      while (((await metric(name)) ?? -1) < minimum) {
        const { exitCode, signalCode } = child;
        if (exitCode !== null || signalCode !== null) throw new Error(`the sync job ended: ${exitCode ?? signalCode}`);
        await sleep(POLL_INTERVAL_MS);
      }
    },
    async pollFor(ms) {
      for (const pollStart = performance.now(); performance.now() - pollStart < ms; await sleep(POLL_INTERVAL_MS))
        await metric("");
    },
    readCpuMs: () => readProcessCpuMs(child),
    readMemoryBytes: () => readProcessMemoryBytes(child),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
    },
  };
}

async function fetchMetrics(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
  return answer ? await answer.text() : "";
}

function sumMetric(name: string, metricsText: string): number | undefined {
  const lines = metricsText.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  if (lines.length === 0) return undefined;
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

function readProcessCpuMs({ pid }: ChildProcess): number {
  const [, , , , , , , , , , , user, system] = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return ((Number(user) + Number(system)) / TICKS_PER_SECOND) * 1000;
}

function readProcessMemoryBytes({ pid }: ChildProcess): { resident: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
  return { resident: bytes("VmRSS"), peak: bytes("VmHWM") };
}
