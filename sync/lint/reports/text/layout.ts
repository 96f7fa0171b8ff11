import { styleText } from "node:util";
import { toPrintableText } from "../../../runtime/printable-text.ts";

/** The size and colors of the output. */
export interface TextOptions {
  readonly width: number; // columns
  readonly useColors: boolean;
  /** Lists every finding, and not only the first ones of a cause. */
  readonly verbose: boolean;
}

type Style = Parameters<typeof styleText>[0];

/** Returns a text from a manifest on one line, without control characters. */
export function toOneLine(text: string): string {
  return toPrintableText(text).replace(/\s+/g, " ").trim();
}

/** Adds a color or weight to a text, if colors are on. */
export function paint(style: Style, text: string, { useColors }: Pick<TextOptions, "useColors">): string {
  return useColors ? styleText(style, text, { validateStream: false }) : text;
}

/** Wraps a text at spaces. Later lines are indented by `indent`; a word that is longer than a line is split. */
export function wrapText(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  const [firstIndent = ""] = /^ */.exec(text) ?? [];
  let line = "";
  for (const word of toOneLine(text)
    .split(" ")
    .flatMap((part) => splitWord(part, width - indent.length))) {
    const isFirst = line === "";
    if (!isFirst && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else line = isFirst ? firstIndent + word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Wraps a text with `indent` before every line. */
export function indentText(text: string, width: number, indent: string): string[] {
  return wrapText(text, width - indent.length, "").map((line) => indent + line);
}

/** Cuts a line to a number of columns. */
export function truncate(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(columns - 1, 0))}…`;
}

/** Formats rows as aligned columns. The last column is cut at `width`. */
export function formatColumns(rows: readonly (readonly string[])[], width: number, maxColumn: number): string[] {
  const cells = rows.map((row) =>
    row.map((cell, column) => (column < row.length - 1 ? truncate(toOneLine(cell), maxColumn) : toOneLine(cell))),
  );
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) => {
    const line = row
      .map((cell, column) => (column < row.length - 1 ? cell.padEnd(widths[column] ?? 0) : cell))
      .join("  ");
    return truncate(line.trimEnd(), width);
  });
}

function splitWord(word: string, width: number): string[] {
  const size = Math.max(width, 1);
  return word.length <= size
    ? [word]
    : Array.from({ length: Math.ceil(word.length / size) }, (_, index) => word.slice(index * size, (index + 1) * size));
}
