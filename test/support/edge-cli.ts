import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { until } from "./edge.ts";

const CLI = process.env.TEST_CLI ?? fileURLToPath(new URL("../../sync/cli.ts", import.meta.url));
const NODE = process.env.TEST_NODE ?? process.execPath;
export const EXAMPLES = fileURLToPath(new URL("../../examples", import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `edgress` to its end. */
export async function edgress(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const child = spawn(NODE, [CLI, ...args], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await ended) as [number | null];
  return { code, stdout, stderr };
}

/** `edgress dev` that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly http: URL;
  readonly https: URL;
  /** Lines of stdout so far. */
  readonly lines: readonly string[];
  readonly stderr: () => string;
  /** The first line from number `from` on that `pattern` matches. */
  line(pattern: RegExp, from?: number): Promise<string>;
  /** Sends SIGTERM; the exit code, and the time that it took. */
  end(): Promise<{ code: number | null; ms: number }>;
}

/** Starts `edgress dev` on free ports, and resolves when it is ready. */
export async function startDev(folder: string, ...args: readonly string[]): Promise<Running> {
  const ports = ["--http-port", "0", "--https-port", "0"];
  const child = spawn(NODE, [CLI, "dev", "--manifests", folder, ...ports, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  let rest = "";
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    stderr += part;
  });
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    const parts = (rest + part).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  });
  const ended = once(child, "exit") as Promise<[number | null]>;
  const line = (pattern: RegExp, from = 0) =>
    until(() => {
      if (child.exitCode !== null) throw new Error(`edgress dev ended with ${child.exitCode}: ${stderr}`);
      return lines.slice(from).find((one) => pattern.test(one));
    }, 20_000);
  const ready = await line(/^ready /);
  const [, http = "", https = ""] = /^ready http=(\S+) https=(\S+) /.exec(ready) ?? [];
  return {
    child,
    http: new URL(http),
    https: new URL(https),
    lines,
    stderr: () => stderr,
    line,
    async end() {
      const asked = performance.now();
      child.kill("SIGTERM");
      const [code] = await ended;
      return { code, ms: performance.now() - asked };
    },
  };
}
