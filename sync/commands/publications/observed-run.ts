import type { Account } from "../../publish/account.ts";
import { createPublicationObserver } from "../../publish/progress/observe-publication.ts";
import { abortOnSignal, print as printLine } from "../shared-options.ts";
import { readTerminal } from "../terminal.ts";
import { createProgressOutput, showProgress } from "./progress.ts";

/** Returns the same account, observed. */
export type ObserveAccount = (account: Account) => Account;

/** What an observed command gets. */
export interface ObservedRun {
  readonly observe: ObserveAccount;
  /** Prints a line on standard output, after it removed the progress. */
  readonly print: (line: string) => void;
  /** Removes the progress from the terminal, so that other output can follow. */
  readonly clear: () => void;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Rejects with an `InterruptedError` after the signal. It never resolves. */
  readonly stopped: Promise<never>;
}

/** Runs a command that publishes, with its progress on standard error. Rejects after a signal, before the next write. */
export async function runObserved<T>(run: (observed: ObservedRun) => Promise<T>, hidesProgress = false): Promise<T> {
  return await observeRun((observed) => Promise.race([run(observed), observed.stopped]), hidesProgress);
}

/** As `runObserved`, for a command that ends by itself after a signal. */
export async function observeRun<T>(run: (observed: ObservedRun) => Promise<T>, hidesProgress: boolean): Promise<T> {
  const signal = abortOnSignal();
  const { observe, figures, stopped } = createPublicationObserver(signal);
  const { useColors } = readTerminal(process.stderr, process.env);
  const output = createProgressOutput(process.stderr, figures, useColors);
  const end = hidesProgress ? () => {} : showProgress(output);
  const print = (line: string) => {
    output.clear();
    printLine(line);
  };
  try {
    return await run({ observe, print, clear: output.clear, signal, stopped });
  } finally {
    end();
  }
}
