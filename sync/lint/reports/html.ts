import { toPrintableText } from "../../runtime/printable-text.ts";
import type { LintReport } from "../verdicts/report.ts";
import { type Block, buildDocument } from "./document.ts";

const STYLE = [
  "body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em }",
  "table { border-collapse: collapse; margin: 1em 0 } td, th { border: 1px solid #ccc; padding: .3em .6em; text-align: left; vertical-align: top; overflow-wrap: anywhere }",
  "summary { cursor: pointer; margin: .5em 0; font-weight: 600 }",
].join("\n");

/** Formats a report as one HTML page without scripts and without external files. */
export function formatHtml(report: LintReport): string[] {
  return [
    "<!doctype html>",
    '<html lang="en">',
    '<head><meta charset="utf-8"><title>Migration to edgress</title>',
    `<style>\n${STYLE}\n</style></head>`,
    "<body>",
    ...buildDocument(report).flatMap(formatBlock),
    "</body>",
    "</html>",
  ];
}

function formatBlock(block: Block): string[] {
  switch (block.type) {
    case "heading":
      return [`<h${block.level}>${escapeText(block.text)}</h${block.level}>`];
    case "paragraph":
      return [`<p>${escapeText(block.text)}</p>`];
    case "table":
      return ["<table>", formatRow(block.header, "th"), ...block.rows.map((row) => formatRow(row, "td")), "</table>"];
    case "details":
      return [
        "<details>",
        `<summary>${escapeText(block.title)}</summary>`,
        ...block.blocks.flatMap(formatBlock),
        "</details>",
      ];
  }
}

function formatRow(cells: readonly string[], tag: "td" | "th"): string {
  return `<tr>${cells.map((cell) => `<${tag}>${escapeText(cell)}</${tag}>`).join("")}</tr>`;
}

function escapeText(text: string): string {
  return toPrintableText(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
