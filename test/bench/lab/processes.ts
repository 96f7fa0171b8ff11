import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readTreeCpuMs } from "./cpu.ts";

const START_TIMEOUT_MS = 20_000;
const INSTALL = "RUNLEVEL=1 apt-get install -y --no-install-recommends";
const PACKAGES = { nginx: "nginx-light", haproxy: "haproxy", wrk: "wrk" } as const;
export type Program = keyof typeof PACKAGES;

/** The processes and files of one measurement. */
export class Lab {
  readonly folder = mkdtempSync(join(tmpdir(), "edgress-bench-"));
  readonly #children: ChildProcess[] = [];
  #spareMs: number;

  /** A measurement may spend `spareSeconds` on waiting for other processes and on slices that they spoiled. */
  constructor(spareSeconds = 0) {
    this.#spareMs = spareSeconds * 1000;
    for (const signal of ["SIGINT", "SIGTERM"])
      process.once(signal, () => void this.close().then(() => process.exit(1)));
  }

  /** Whether spare time is left. */
  hasSpareTime(): boolean {
    return this.#spareMs > 0;
  }

  spend(ms: number): void {
    this.#spareMs -= ms;
  }

  /** Starts a program that listens on a port of this machine. Throws if it does not listen in time. */
  async start(command: string, args: readonly string[], port: number, stdout: number | "ignore" = "ignore") {
    const child = spawn(command, args, { stdio: ["ignore", stdout, "ignore"] });
    this.#children.push(child);
    await waitUntilListening(command, port);
    return child;
  }

  /** Starts a module of Node that sends its port. */
  async fork(module: string, args: readonly string[]): Promise<number> {
    const child = fork(fileURLToPath(new URL(module, import.meta.url)), args, {
      execArgv: ["--max-old-space-size=4000"],
    });
    this.#children.push(child);
    const [port] = (await once(child, "message")) as [number];
    return port;
  }

  /** Returns the CPU time of this process and all that it started, in ms. */
  readCpuMs(): number {
    return readTreeCpuMs(process.pid);
  }

  async stop(child: ChildProcess): Promise<void> {
    const index = this.#children.indexOf(child);
    if (index >= 0) this.#children.splice(index, 1);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    const timer = setTimeout(() => child.kill("SIGKILL"), 2000);
    child.kill("SIGTERM");
    await exited;
    clearTimeout(timer);
  }

  async close(): Promise<void> {
    for (const child of this.#children.toReversed()) await this.stop(child);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Returns how to install each of the programs that this machine lacks. */
export function listMissing(programs: readonly Program[]): { program: Program; install: string }[] {
  return programs
    .filter((program) => spawnSync(program, ["-v"], { stdio: "ignore" }).error !== undefined)
    .map((program) => ({ program, install: `${INSTALL} ${PACKAGES[program]}` }));
}

async function waitUntilListening(command: string, port: number): Promise<void> {
  for (const end = Date.now() + START_TIMEOUT_MS; Date.now() < end; await sleep(20)) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
  }
  throw new Error(`${command} does not listen on port ${port} after ${START_TIMEOUT_MS} ms`);
}
