import { readFile, writeFile } from "node:fs/promises";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import type { Annotations } from "../src/rules/policies/define.ts";
import { policies } from "../src/rules/policies/index.ts";
import { reasons } from "./compile/diagnostic.ts";

export const README = fileURLToPath(new URL("../README.md", import.meta.url));

/** The README with the tables that are made from code: annotations, in the order of the filters, and diagnostics. */
export function withTables(readme: string): string {
  return between(between(readme, "annotations", annotationTable()), "diagnostics", diagnosticTable());
}

function annotationTable(): string {
  // By name: an annotation that two policies read has one row.
  const annotations = new Map(policies.flatMap((policy) => Object.entries<Annotations[string]>(policy.annotations)));
  const rows = [...annotations].map(([name, { doc, example, guards }]) => {
    return `| \`${name}\` | ${doc}${guards ? " *Closes on error.*" : ""} | \`${example}\` |`;
  });
  return ["| Annotation | What it does | Example |", "| --- | --- | --- |", ...rows].join("\n");
}

function diagnosticTable(): string {
  const rows = Object.entries(reasons).map(([reason, { severity, doc }]) => `| \`${reason}\` | ${severity} | ${doc} |`);
  return ["| Reason | Severity | What it means |", "| --- | --- | --- |", ...rows].join("\n");
}

function between(text: string, name: string, table: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [before, rest] = [text.slice(0, text.indexOf(begin)), text.slice(text.indexOf(end))];
  if (!text.includes(begin) || !text.includes(end)) throw new Error(`the README has no ${begin} … ${end}`);
  return `${before}${begin}\n${table}\n${rest}`;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(README, withTables(await readFile(README, "utf8")));
}
