import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { type FaultyApi, isWrite } from "../cloudflare/faulty-api.ts";
import { CLI_ENTRY, NODE } from "./edge-cli.ts";

/** A command that has started and waits for its standard input. */
export interface WaitingCommand {
  /**
   * Continues with this input, and sends the signal after the account carried out write number `lastWrite`, or its first
   * read if that is 0. Resolves with the exit code, or null if it was killed, and with the output.
   */
  runUntil(
    input: string,
    lastWrite: number,
    signal: "SIGKILL" | "SIGINT",
  ): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

/** Starts `edgress` with these arguments against a faulty API. */
export function startWaiting(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  api: FaultyApi,
): WaitingCommand {
  const child = spawn(NODE, [CLI_ENTRY, ...args], { env: { ...environment, CLOUDFLARE_BASE_URL: api.baseURL } });
  child.stdin.on("error", () => {}); // it may be killed before it reads
  const exit = once(child, "close") as Promise<[number | null]>;
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  return {
    async runUntil(input, lastWrite, signal) {
      api.calls.length = 0;
      api.onCarriedOut = (callNumber) => {
        const writes = api.calls.slice(0, callNumber).filter(isWrite).length;
        if (writes === lastWrite) child.kill(signal);
      };
      child.stdin.end(input);
      const [code] = await exit;
      const [stdout, stderr] = await output;
      return { code, stdout, stderr };
    },
  };
}
