import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const START_TIMEOUT_MS = 60_000;

export interface ServerProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Log file. */
  readonly log: string;
  isReady(): Promise<boolean>;
}

/** A server in a child process that never outlives this process. */
export interface ServerProcess {
  /** Resolves when the server is ready. Rejects with the end of its log if it exits first. */
  start(): Promise<void>;
  /** Sends SIGKILL and resolves after the exit. */
  kill(): Promise<void>;
}

export function createServerProcess({ command, args, log, isReady }: ServerProcessOptions): ServerProcess {
  let child: ChildProcess | undefined;
  return {
    async start() {
      const startedChild = await spawnTied(command, args, log);
      child = startedChild;
      const startedAt = performance.now();
      while (!(await isReady().catch(() => false))) {
        if (hasEnded(startedChild)) throw new Error(`${command} exited: ${await readLastLines(log)}`);
        if (performance.now() - startedAt > START_TIMEOUT_MS)
          throw new Error(`${command} is not ready: ${await readLastLines(log)}`);
        await sleep(20);
      }
    },
    async kill() {
      if (!child || hasEnded(child)) return;
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    },
  };
}

/** Starts a child process that the kernel kills when this process exits for any reason. */
async function spawnTied(command: string, args: readonly string[], log: string): Promise<ChildProcess> {
  const file = await open(log, "a");
  const child = spawn("setpriv", ["--pdeathsig", "KILL", command, ...args], { stdio: ["ignore", file.fd, file.fd] });
  await once(child, "spawn");
  await file.close();
  return child;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function readLastLines(log: string): Promise<string> {
  return (await readFile(log, "utf8")).trimEnd().split("\n").slice(-5).join("\n");
}
