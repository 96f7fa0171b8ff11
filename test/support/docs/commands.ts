import { execFile } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { fencesIn, REPOSITORY, readDocuments } from "./markdown.ts";
export const CLI = join(REPOSITORY, "sync/cli.ts");
export const run = promisify(execFile);

export interface Written {
  readonly where: string; // "docs/install.md:42"
  readonly command: string;
}

export const written: readonly Written[] = readDocuments().flatMap((document) =>
  fencesIn(document)
    .filter(({ language }) => language === "sh")
    .flatMap(({ text, line }) => commandsIn(text).map((command) => ({ where: `${document.path}:${line}`, command }))),
);
export const commands = [...new Set(written.map(({ command }) => command))].toSorted();

export const folders: string[] = [];

/** Splits a block into commands. A comment is none; a line that goes on ends with a backslash. */
export function commandsIn(text: string): string[] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .flatMap((line) => line.split(" && "));
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "edgress-docs-"));
  folders.push(folder);
  return folder;
}
