/** What goes wrong, told once: not again while it stays the same, though it is tried again and again. */
export class Problems {
  readonly #log: (line: string) => void;
  readonly #told = new Map<string, string>();

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** `what` went wrong. */
  failed(what: string, error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    if (this.#told.get(what) !== problem) this.#log(`${what}: ${problem}`);
    this.#told.set(what, problem);
  }

  /** `what` goes well again. */
  over(what: string): void {
    this.#told.delete(what);
  }
}
