import { toPrintableText } from "../../runtime/printable-text.ts";
import type { LintReport } from "../verdicts/report.ts";
import { type Block, buildDocument } from "./document.ts";

/** Formats a report as Markdown, for comments on pull requests. */
export function formatMarkdown(report: LintReport): string[] {
  return buildDocument(report).flatMap((block) => [...formatBlock(block), ""]);
}

function formatBlock(block: Block): string[] {
  switch (block.type) {
    case "heading":
      return [`${"#".repeat(block.level)} ${escapeText(block.text)}`];
    case "paragraph":
      return [escapeText(block.text)];
    case "table":
      return [block.header, block.header.map(() => "---"), ...block.rows.map((row) => row.map(escapeText))].map(
        (cells) => `| ${cells.join(" | ")} |`,
      );
    case "details":
      return [
        "<details>",
        `<summary>${escapeText(block.title)}</summary>`,
        "",
        ...block.blocks.flatMap((part) => [...formatBlock(part), ""]),
        "</details>",
      ];
  }
}

/** Escapes a text of a manifest, which may contain markup. */
function escapeText(text: string): string {
  return toPrintableText(text)
    .replace(/\s+/g, " ")
    .replace(/[&<>@\\`*_[\]|~$#!]/g, (character) =>
      /[&<>@]/.test(character) ? `&#${character.charCodeAt(0)};` : `\\${character}`,
    );
}
