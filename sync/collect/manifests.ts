import { opendir, readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { LineCounter, parseAllDocuments } from "yaml";
import { UsageError } from "../commands/usage-error.ts";
import type { RawObject } from "./parse-objects.ts";

/** A file that is not YAML or JSON: where, and what is wrong with it. */
export interface UnparsableFile {
  readonly file: string;
  readonly line: number;
  readonly problem: string;
}

/** What a folder of manifests holds, by file. */
export interface Manifests {
  readonly files: ReadonlyMap<string, readonly RawObject[]>;
  readonly unparsableFiles: readonly UnparsableFile[];
}

export const NO_MANIFESTS: Manifests = { files: new Map(), unparsableFiles: [] };

export type ParsedFile =
  | { readonly name: string; readonly objects: readonly RawObject[] }
  | { readonly unparsableFile: UnparsableFile };

/** Rejects with a UsageError where the folder given by --manifests is none, or cannot be read. */
export async function assertReadableFolder(folder: string): Promise<void> {
  const directory = await opendir(folder).catch(() => undefined);
  if (!directory) throw new UsageError(`cannot read the folder ${folder} (--manifests)`);
  await directory.close();
}

/**
 * Reads every `.yaml`, `.yml` and `.json` file below a folder, in order of their names. A file that does not parse costs
 * only itself: of one that parsed `before`, what it held then stays. Rejects if the folder cannot be read.
 */
export async function readManifests(folder: string, previousManifests: Manifests = NO_MANIFESTS): Promise<Manifests> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => !entry.isDirectory() && /\.(ya?ml|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const parsedFiles = await Promise.all(paths.map((path) => readManifest(path, relative(folder, path))));
  const files = parsedFiles.map((file): [string, readonly RawObject[]] =>
    "objects" in file
      ? [file.name, file.objects]
      : [file.unparsableFile.file, previousManifests.files.get(file.unparsableFile.file) ?? []],
  );
  return {
    files: new Map(files),
    unparsableFiles: parsedFiles.flatMap((file) => ("unparsableFile" in file ? [file.unparsableFile] : [])),
  };
}

async function readManifest(path: string, name: string): Promise<ParsedFile> {
  try {
    return parseManifest(await readFile(path, "utf8"), name);
  } catch (error) {
    // Gone between listing and reading is as good as never there; anything else is said.
    if (isMissing(error)) return { name, objects: [] };
    return { unparsableFile: { file: name, line: 1, problem: error instanceof Error ? error.message : String(error) } };
  }
}

/** The documents of one file. JSON is YAML. */
export function parseManifest(text: string, name: string): ParsedFile {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter });
  const objects: RawObject[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    const error = document.errors[0];
    if (error) {
      const problem = error.message.split("\n")[0]?.replace(/ at line .*$/, "") ?? "cannot be read";
      return { unparsableFile: { file: name, line: lineCounter.linePos(error.pos[0]).line, problem } };
    }
    if (document.contents === null) continue;
    const line = lineCounter.linePos(document.contents.range?.[0] ?? 0).line;
    objects.push({ object: document.toJS() as unknown, source: `${name}:${line}` });
  }
  return { name, objects };
}

/** An unparsable file as one line. */
export function formatUnparsableFile({ file, line, problem }: UnparsableFile): string {
  return `error ${file}:${line}: ${problem}; correct it, until then what it held before counts, if anything (InvalidManifest)`;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
