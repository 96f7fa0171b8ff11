import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const START_TIMEOUT_MS = 60_000;

export interface ServerProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** A file for what it prints. */
  readonly log: string;
  isReady(): Promise<boolean>;
}

/** A server in a process of its own, which never outlives this one. */
export interface ServerProcess {
  /** Resolves when it is ready; rejects with the end of its log where it ends before. */
  start(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
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
        if (hasEnded(startedChild)) throw new Error(`${command} ended: ${await readLastLines(log)}`);
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

/** The kernel kills it as soon as this process is gone, however that ends. */
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
