import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { waitFor } from "../wait-for.ts";

const CLI = process.env.TEST_CLI ?? fileURLToPath(new URL("../../../sync/cli.ts", import.meta.url));
const NODE = process.env.TEST_NODE ?? process.execPath;
const START_TIMEOUT_MS = 30_000;

/** The NODE_OPTIONS of the deployment. */
export const DEPLOYED_NODE_OPTIONS = findNodeOptions(
  readFileSync(new URL("../../../deploy/base/deployment.yaml", import.meta.url), "utf8"),
);

function findNodeOptions(deployment: string): string {
  const [, options = ""] = /name: NODE_OPTIONS\n\s*value: (.+)/.exec(deployment) ?? [];
  return options;
}

export interface ControllerProcessOptions {
  readonly kubeconfig: string;
  /** Account and keys, as variables of `edgress sync`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** A log line with all its fields. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string };

/** `edgress sync` in a child process that never outlives this process. */
export interface ControllerProcess {
  /** Log lines so far. */
  readonly lines: readonly LogLine[];
  /** Resolves with the first line from number `firstLine` whose message matches. */
  waitForLine(pattern: RegExp, firstLine?: number, limitMs?: number): Promise<LogLine>;
  /** Returns the response of /readyz: "ok: standby". */
  readiness(): Promise<string>;
  /** Returns the response of /healthz. */
  health(): Promise<string>;
  /** Returns the largest resident memory so far, in bytes. */
  readPeakMemory(): number;
  /** Returns the value of a metric with its labels: `edgress_syncs_total{result="blocked"}`. NaN if it does not exist. */
  metric(name: string): Promise<number>;
  sendSignal(signal: "SIGSTOP" | "SIGCONT"): void;
  /** Sends SIGTERM or another signal. Resolves with the exit code and the time until the exit. */
  end(signal?: "SIGTERM" | "SIGKILL"): Promise<{ code: number | null; ms: number }>;
}

/** Starts a controller with its health server on a free port, and resolves when that listens. */
export async function startControllerProcess({
  kubeconfig,
  environment,
  args = [],
}: ControllerProcessOptions): Promise<ControllerProcess> {
  const lines: LogLine[] = [];
  let stderr = "";
  // The kernel kills the child when this process exits for any reason.
  const commandArguments = ["--pdeathsig", "KILL", NODE, CLI, "sync", "--health-port", "0", ...args];
  const child = spawn("setpriv", commandArguments, {
    env: { PATH: process.env.PATH, KUBECONFIG: kubeconfig, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = once(child, "exit") as Promise<[number | null]>;
  createInterface(child.stdout).on("line", (line) => lines.push(JSON.parse(line)));
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    stderr += part;
  });
  const waitForLine: ControllerProcess["waitForLine"] = (pattern, from = 0, limitMs = START_TIMEOUT_MS) =>
    waitFor(() => {
      const match = lines.slice(from).find(({ msg }) => pattern.test(msg));
      if (!match && child.exitCode !== null) throw new Error(`edgress sync exited with ${child.exitCode}: ${stderr}`);
      return match;
    }, limitMs);
  const { port } = await waitForLine(/^started probe server/);
  const read = async (path: string) => await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  return {
    lines,
    waitForLine,
    readiness: async () => (await read("/readyz")).trim(),
    health: async () => (await read("/healthz")).trim(),
    readPeakMemory: () => findPeakMemory(readFileSync(`/proc/${child.pid}/status`, "utf8")),
    metric: async (name) => findMetricValue(await read("/metrics"), name),
    sendSignal: (signal) => child.kill(signal),
    async end(signal = "SIGTERM") {
      const startedAt = performance.now();
      child.kill(signal);
      const [code] = await exit;
      return { code, ms: performance.now() - startedAt };
    },
  };
}

function findMetricValue(metrics: string, name: string): number {
  const line = metrics.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? Number.NaN);
}

function findPeakMemory(status: string): number {
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
