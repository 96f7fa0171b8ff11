import { styleText } from "node:util";
import { toPrintableText } from "./printable-text.ts";

/** A part of a line, with its color or weight. */
export type StyledText = string | { readonly style: Parameters<typeof styleText>[0]; readonly text: string };

/** The output of a command: a terminal, or a file or pipe for programs. */
export interface Terminal {
  /** Whether people read the output. */
  readonly isInteractive: boolean;
  /** Width of the terminal; infinite for programs. */
  readonly columns: number;
  /** Prints a line without control characters. */
  print(...parts: readonly StyledText[]): void;
}

/** Returns the output of this process. It has colors on a terminal only. */
export function openTerminal(stream: Pick<NodeJS.WriteStream, "isTTY" | "columns">, useColors: boolean): Terminal {
  const isInteractive = stream.isTTY === true;
  return {
    isInteractive,
    get columns() {
      return isInteractive ? stream.columns : Number.POSITIVE_INFINITY; // it changes with the window
    },
    print: (...parts) => console.log(renderLine(parts, useColors && isInteractive)),
  };
}

/** Returns a line as text, with escape sequences for colors only. */
export function renderLine(parts: readonly StyledText[], useColors: boolean): string {
  return parts
    .map((part) => {
      if (typeof part === "string") return toPrintableText(part);
      const text = toPrintableText(part.text);
      return useColors ? styleText(part.style, text, { validateStream: false }) : text;
    })
    .join("");
}
