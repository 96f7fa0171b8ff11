import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { FaultyApi } from "../cloudflare/faulty-api.ts";
import { CLI_ENTRY, type CommandResult, NODE } from "./edge-cli.ts";

/** A command that has started and waits for its standard input. */
export interface WaitingCommand {
  /**
   * Continues with this input, and sends the signal after the account carried out a call: that with this number, or the
   * first that matches. Resolves with the exit code, or null if it was killed, and with the output.
   */
  runUntil(input: string, lastCall: number | RegExp, signal: "SIGKILL" | "SIGINT" | "SIGTERM"): Promise<CommandResult>;
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
    async runUntil(input, lastCall, signal) {
      api.calls.length = 0;
      api.onCarriedOut = (callNumber) => {
        const line = api.calls[callNumber - 1] ?? "";
        if (typeof lastCall === "number" ? callNumber !== lastCall : !lastCall.test(line)) return;
        api.onCarriedOut = () => {}; // a second signal would end the command at once
        child.kill(signal);
      };
      child.stdin.end(input);
      const [code] = await exit;
      const [stdout, stderr] = await output;
      return { code, stdout, stderr };
    },
  };
}
