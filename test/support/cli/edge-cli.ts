import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { waitFor } from "../wait-for.ts";

/** Of a busy machine: a start takes 2 s of CPU. */
const START_LIMIT_MS = 60_000;
export const CLI_ENTRY = process.env.TEST_CLI ?? fileURLToPath(new URL("../../../sync/cli.ts", import.meta.url));
export const NODE = process.env.TEST_NODE ?? process.execPath;
export const EXAMPLES = fileURLToPath(new URL("../../../examples", import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `edgress` to its end, with a text as standard input. */
export async function runEdgress(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input = "",
): Promise<CommandResult> {
  const child = spawn(NODE, [CLI_ENTRY, ...args], { env: environment, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => undefined).end(input); // a command that ends early closes it
  const exit = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await exit) as [number | null];
  return { code, stdout, stderr };
}

/** `edgress dev` that runs. */
export interface DevProcess {
  readonly child: ChildProcess;
  readonly http: URL;
  readonly https: URL;
  /** Lines of stdout so far. */
  readonly lines: readonly string[];
  readonly stderr: () => string;
  /** The first line from number `from` on that `pattern` matches. */
  waitForLine(pattern: RegExp, firstLine?: number): Promise<string>;
  /** Sends SIGTERM; the exit code, and the time that it took. */
  end(): Promise<{ code: number | null; ms: number }>;
}

/** Starts `edgress dev` for manifests on free ports, and resolves when it is ready. */
export function startDev(manifests: string, ...extraArguments: readonly string[]): Promise<DevProcess> {
  return startDevProcess(["--manifests", manifests, ...extraArguments]);
}

/** Starts `edgress dev` on free ports with a text as standard input, and resolves when it is ready. */
export async function startDevProcess(args: readonly string[], input = ""): Promise<DevProcess> {
  const ports = ["--http-port", "0", "--https-port", "0"];
  const child = spawn(NODE, [CLI_ENTRY, "dev", ...ports, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end(input);
  const lines: string[] = [];
  let partialLine = "";
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    stderr += part;
  });
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    const parts = (partialLine + part).split("\n");
    partialLine = parts.pop() ?? "";
    lines.push(...parts);
  });
  const exit = once(child, "exit") as Promise<[number | null]>;
  const waitForLine = (pattern: RegExp, from = 0) =>
    waitFor(() => {
      if (child.exitCode !== null) throw new Error(`edgress dev ended with ${child.exitCode}: ${stderr}`);
      return lines.slice(from).find((candidate) => pattern.test(candidate));
    }, START_LIMIT_MS);
  const ready = await waitForLine(/^ready /);
  const [, http = "", https = ""] = /^ready http=(\S+) https=(\S+) /.exec(ready) ?? [];
  return {
    child,
    http: new URL(http),
    https: new URL(https),
    lines,
    stderr: () => stderr,
    waitForLine,
    async end() {
      const startedAt = performance.now();
      child.kill("SIGTERM");
      const [code] = await exit;
      return { code, ms: performance.now() - startedAt };
    },
  };
}
