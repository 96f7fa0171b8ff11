import { execFile } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { type DevProcess, EXAMPLES, startDev } from "./edge-cli.ts";
export const cleanups: (() => Promise<unknown>)[] = [];

export async function startDevWithEcho(folder: string, ...args: string[]): Promise<DevProcess> {
  const dev = await startDev(folder, "--echo-origins", "--watch-ingress-without-class", ...args);
  cleanups.push(async () => dev.child.exitCode === null && dev.end());
  return dev;
}

export async function copyExample(example: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "edgress-dev-"));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  await cp(join(EXAMPLES, example), folder, { recursive: true });
  return folder;
}

export async function editFile(file: string, change: (before: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, "utf8")));
}

export type EchoBody = { backend: string; path: string; headers: Record<string, string> };

export async function sendDevRequest(
  { http }: Pick<DevProcess, "http">,
  host: string,
  path: string,
  headers: Record<string, string> = {},
) {
  const request = get({ host: "127.0.0.1", port: http.port, path, headers: { Host: host, ...headers }, agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const body = await text(response);
  const echoed = response.statusCode === 200 ? (JSON.parse(body) as EchoBody) : undefined;
  return { status: response.statusCode, body, echoed };
}

/** Runs a command as a shell would, and gives what it prints. */
export async function runShell(command: string): Promise<string> {
  return (await promisify(execFile)("sh", ["-c", command])).stdout;
}
