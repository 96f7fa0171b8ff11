import { describeProblem } from "../kubernetes/errors.ts";

/** Logs each problem once per operation, and again only after it changes or is cleared. */
export class LogOnce {
  readonly #log: (line: string) => void;
  readonly #lastProblems = new Map<string, string>();

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** Logs that `operation` failed, unless it already failed the same way. */
  report(operation: string, error: unknown): void {
    const problem = describeProblem(error);
    if (this.#lastProblems.get(operation) !== problem) this.#log(`${operation}: ${problem}`);
    this.#lastProblems.set(operation, problem);
  }

  /** Records that `operation` succeeded, so that its next failure is logged. */
  clear(operation: string): void {
    this.#lastProblems.delete(operation);
  }
}
