/** What goes wrong, told once: not again while it stays the same, though it is tried again and again. */
export class LogOnce {
  readonly #log: (line: string) => void;
  readonly #lastProblems = new Map<string, string>();

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** `what` went wrong. */
  report(operation: string, error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    if (this.#lastProblems.get(operation) !== problem) this.#log(`${operation}: ${problem}`);
    this.#lastProblems.set(operation, problem);
  }

  /** `what` goes well again. */
  clear(operation: string): void {
    this.#lastProblems.delete(operation);
  }
}
