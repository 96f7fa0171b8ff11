import { opendir, readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { LineCounter, parseAllDocuments } from "yaml";
import { UsageError } from "../usage-error.ts";
import type { Found } from "./objects.ts";

/** A file that is not YAML or JSON: where, and what is wrong with it. */
export interface Unparsable {
  readonly file: string;
  readonly line: number;
  readonly problem: string;
}

/** What a folder of manifests holds, by file. */
export interface Manifests {
  readonly files: ReadonlyMap<string, readonly Found[]>;
  readonly unparsable: readonly Unparsable[];
}

export const NO_MANIFESTS: Manifests = { files: new Map(), unparsable: [] };

export type ParsedFile =
  | { readonly name: string; readonly found: readonly Found[] }
  | { readonly unparsable: Unparsable };

/** Rejects with a UsageError where the folder given by --manifests is none, or cannot be read. */
export async function expectFolder(folder: string): Promise<void> {
  const opened = await opendir(folder).catch(() => undefined);
  if (!opened) throw new UsageError(`cannot read the folder ${folder} (--manifests)`);
  await opened.close();
}

/**
 * Reads every `.yaml`, `.yml` and `.json` file below a folder, in order of their names. A file that does not parse costs
 * only itself: of one that parsed `before`, what it held then stays. Rejects if the folder cannot be read.
 */
export async function readManifests(folder: string, before: Manifests = NO_MANIFESTS): Promise<Manifests> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => !entry.isDirectory() && /\.(ya?ml|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const read = await Promise.all(paths.map((path) => readManifest(path, relative(folder, path))));
  const files = read.map((file): [string, readonly Found[]] =>
    "found" in file ? [file.name, file.found] : [file.unparsable.file, before.files.get(file.unparsable.file) ?? []],
  );
  return { files: new Map(files), unparsable: read.flatMap((file) => ("unparsable" in file ? [file.unparsable] : [])) };
}

async function readManifest(path: string, name: string): Promise<ParsedFile> {
  try {
    return parseManifest(await readFile(path, "utf8"), name);
  } catch (error) {
    // Gone between listing and reading is as good as never there; anything else is said.
    if (isMissing(error)) return { name, found: [] };
    return { unparsable: { file: name, line: 1, problem: error instanceof Error ? error.message : String(error) } };
  }
}

/** The documents of one file. JSON is YAML. */
export function parseManifest(text: string, name: string): ParsedFile {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter });
  const found: Found[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    const error = document.errors[0];
    if (error) {
      const problem = error.message.split("\n")[0]?.replace(/ at line .*$/, "") ?? "cannot be read";
      return { unparsable: { file: name, line: lineCounter.linePos(error.pos[0]).line, problem } };
    }
    if (document.contents === null) continue;
    const line = lineCounter.linePos(document.contents.range?.[0] ?? 0).line;
    found.push({ object: document.toJS() as unknown, source: `${name}:${line}` });
  }
  return { name, found };
}

/** An unparsable file as one line. */
export function unparsableLine({ file, line, problem }: Unparsable): string {
  return `error ${file}:${line}: ${problem}; correct it, until then what it held before counts, if anything (Unparsable)`;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
