import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Questions to the person at the terminal. */
export interface Prompts {
  ask(question: string, defaultAnswer?: string): Promise<string>;
  /** Asks without showing the answer. */
  askSecret(question: string): Promise<string>;
  /** Only y and yes mean yes. */
  confirm(question: string): Promise<boolean>;
}

interface TerminalStreams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** Opens prompts. Returns undefined if input or output is not a terminal. */
export function openPrompts({ input, output }: TerminalStreams): Prompts | undefined {
  if (!input.isTTY || !output.isTTY) return undefined;
  const question = async (text: string, isHidden: boolean): Promise<string> => {
    output.write(text);
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input, output: isHidden ? silent : output, terminal: true });
    const interruption = new AbortController();
    lines.on("SIGINT", () => interruption.abort(new Error("interrupted")));
    try {
      return (await lines.question("", { signal: interruption.signal })).trim();
    } finally {
      lines.close();
      if (isHidden) output.write("\n");
    }
  };
  return {
    async ask(text, defaultAnswer) {
      const hint = defaultAnswer === undefined ? "" : ` [${defaultAnswer}]`;
      return (await question(`${text}${hint}: `, false)) || (defaultAnswer ?? "");
    },
    askSecret: (text) => question(`${text}: `, true),
    confirm: async (text) => /^y(es)?$/i.test(await question(`${text} [y/N]: `, false)),
  };
}
