import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** Runs a JavaScript file with exactly these environment variables. */
export async function runScript(path: string, environment: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [path], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const exit = once(child, "close");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await exit) as [number | null];
  return { code, stdout, stderr };
}
