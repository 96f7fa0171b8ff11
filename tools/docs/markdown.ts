const NOTICE = "<!-- Generated from the code by `npm run docs`. Do not edit. -->";

/** Returns a page: its heading, the notice, and lines. */
export function joinParts(heading: string, ...lines: readonly string[]): string {
  return `${[heading, "", NOTICE, "", ...lines].join("\n")}\n`;
}

export function formatMarkdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const formatRow = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [formatRow(header), formatRow(header.map(() => "---")), ...rows.map(formatRow)].join("\n");
}

/** A phrase of a message as a sentence: "the account's id" becomes "The account's id." */
export function formatSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}

export function formatBlock(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}

export function formatCode(text: string): string {
  return `\`${text}\``;
}
