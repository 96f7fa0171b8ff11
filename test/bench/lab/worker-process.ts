import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { COMPATIBILITY_DATE } from "../../../sync/local/worker/workerd.ts";
import type { Storage } from "./storage.ts";

const { default: workerdPath } = createRequire(import.meta.url)("workerd") as { readonly default: string };
const START_TRIES = 400;
const HEADERS = {
  "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Encoding": "gzip, br",
  Cookie: "sid=0123456789abcdef; theme=dark",
  "CF-Connecting-IP": "192.0.2.17",
  "X-Forwarded-Proto": "https",
};

const COLLECT_PATH = "/bench-collect-garbage";
/** Collects garbage when asked to. The inspector's collectGarbage does nothing in workerd. */
const COLLECTING_MAIN = `
import script from "./index.js";
export * from "./index.js";
const isCollection = (request) => request.url.endsWith("${COLLECT_PATH}");
export default {
  fetch: (request, env, context) => (isCollection(request) ? new Response(gc()) : script.fetch(request, env, context)),
};`;

/** A Worker in a workerd of its own, without miniflare. */
export interface WorkerProcess {
  readonly port: number;
  readonly inspectorPort: number;
  /** Sends a request, and returns the status. */
  send(host: string, path: string): Promise<number>;
  /** Resolves after a collection of the Worker's garbage. */
  collectGarbage(): Promise<void>;
  /** Returns the CPU of all threads so far, in ms. */
  readCpuMs(): number;
  /** Returns the resident memory in MB. */
  readMemoryMb(): number;
  close(): Promise<void>;
}

/** Starts workerd with a script, its variables and the bindings of a storage. It answers when this returns. */
export async function startWorkerProcess(
  script: string,
  variables: Readonly<Record<string, string>>,
  storage: Storage,
): Promise<WorkerProcess> {
  const folder = await mkdtemp(join(tmpdir(), "edgress-bench-"));
  const [port, inspectorPort] = [await findFreePort(), await findFreePort()];
  await writeFile(join(folder, "index.js"), script);
  await writeFile(join(folder, "main.js"), COLLECTING_MAIN);
  await writeFile(join(folder, "config.capnp"), buildConfig(port, variables, storage));
  const child = spawn(
    workerdPath,
    ["serve", join(folder, "config.capnp"), `--inspector-addr=127.0.0.1:${inspectorPort}`],
    { stdio: ["ignore", "ignore", process.env.BENCH_STDERR ? "inherit" : "ignore"] },
  );
  await waitForListener(port);
  return {
    port,
    inspectorPort,
    send: (host, path) => send(port, host, path),
    async collectGarbage() {
      await send(port, "bench.invalid", COLLECT_PATH);
    },
    readCpuMs: () => readCpuMs(child.pid ?? 0),
    readMemoryMb: () => readMemoryMb(child.pid ?? 0),
    async close() {
      await endProcess(child);
      await rm(folder, { recursive: true });
    },
  };
}

function buildConfig(port: number, variables: Readonly<Record<string, string>>, { ports }: Storage): string {
  const external = Object.entries(ports).map(
    ([name, target]) => `(name = "${name}", external = (address = "127.0.0.1:${target}", http = ()))`,
  );
  const texts = Object.entries(variables).map(([name, value]) => `(name = "${name}", text = ${JSON.stringify(value)})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = ["--expose-gc"],
  services = [
    ${external.join(",\n    ")},
    (name = "edge", worker = (
      modules = [(name = "main.js", esModule = embed "main.js"), (name = "index.js", esModule = embed "index.js")],
      compatibilityDate = "${COMPATIBILITY_DATE}",
      globalOutbound = "origin",
      cacheApiOutbound = "cache",
      bindings = [(name = "RULES", kvNamespace = "kv"), ${texts.join(", ")}])),
  ],
  sockets = [(name = "edge", address = "127.0.0.1:${port}", http = (forwardedProtoHeader = "X-Forwarded-Proto"), service = "edge")]);
`;
}

async function send(port: number, host: string, path: string): Promise<number> {
  const outgoing = request({ host: "127.0.0.1", port, path, headers: { ...HEADERS, Host: host } }).end();
  const [response] = await once(outgoing, "response");
  response.resume();
  await once(response, "end");
  return response.statusCode as number;
}

function readCpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const readNs = (thread: string) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  return threads.reduce((sum, thread) => sum + readNs(thread), 0) / 1e6;
}

function readMemoryMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

async function endProcess(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address ? address.port : 0;
}

async function waitForListener(port: number): Promise<void> {
  for (let tries = 0; tries < START_TRIES; tries++) {
    const status = await send(port, "bench.invalid", "/.well-known/edgress/none").catch(() => undefined);
    if (status !== undefined) return;
    await sleep(10);
  }
  throw new Error("workerd did not start");
}
