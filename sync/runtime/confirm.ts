import { createInterface } from "node:readline/promises";
import { UsageError } from "./usage-error.ts";

/** Asks a question, and resolves with whether the answer is yes. */
export type Confirm = (question: string) => Promise<boolean>;

/** Asks on the terminal. Rejects with a `UsageError` without one; `remedy` names a way without a question. */
export async function confirmOnTerminal(question: string, remedy: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError(`confirmation needs a terminal. ${remedy}`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT")); // as without the question
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
