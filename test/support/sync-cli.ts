import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { waitFor } from "./wait-for.ts";

const CLI = process.env.TEST_CLI ?? fileURLToPath(new URL("../../sync/cli.ts", import.meta.url));
const NODE = process.env.TEST_NODE ?? process.execPath;
const START_TIMEOUT_MS = 30_000;

export interface SyncProcessOptions {
  readonly kubeconfig: string;
  /** The account and the keys, as `edgress sync` reads them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** A line of the log; all its fields beside the message are in it too. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string };

/** `edgress sync` in a process of its own, which never outlives this one. */
export interface SyncProcess {
  /** All that it has logged. */
  readonly lines: readonly LogLine[];
  /** The first line from number `firstLine` on whose message `pattern` matches, when it has come. */
  waitForLine(pattern: RegExp, firstLine?: number, limitMs?: number): Promise<LogLine>;
  /** What /readyz says, in one line: "ok: standby". */
  readiness(): Promise<string>;
  /** The value of a metric as it is written, with its labels: `edgress_syncs_total{result="blocked"}`; NaN if there is none. */
  metric(name: string): Promise<number>;
  sendSignal(signal: "SIGSTOP" | "SIGCONT"): void;
  /** SIGTERM unless another signal is given; the exit code, and the time that it took. */
  end(signal?: "SIGTERM" | "SIGKILL"): Promise<{ code: number | null; ms: number }>;
}

/** Starts a sync job with probes on a free port, and resolves when these are served. */
export async function startSyncProcess({
  kubeconfig,
  environment,
  args = [],
}: SyncProcessOptions): Promise<SyncProcess> {
  const lines: LogLine[] = [];
  let stderr = "";
  // Ends with this process, however that ends.
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
  const waitForLine: SyncProcess["waitForLine"] = (pattern, from = 0, limitMs = START_TIMEOUT_MS) =>
    waitFor(() => {
      const match = lines.slice(from).find(({ msg }) => pattern.test(msg));
      if (!match && child.exitCode !== null) throw new Error(`edgress sync ended with ${child.exitCode}: ${stderr}`);
      return match;
    }, limitMs);
  const { port } = await waitForLine(/^started probe server/);
  const read = async (path: string) => await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  return {
    lines,
    waitForLine,
    readiness: async () => (await read("/readyz")).trim(),
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
