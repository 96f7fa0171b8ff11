import { opendir, readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { type Document, LineCounter, parseAllDocuments } from "yaml";
import { errorMessage } from "../../src/rules/error-message.ts";
import { UsageError } from "../runtime/usage-error.ts";
import type { RawObject } from "./parse-objects.ts";

/** A syntax error in a manifest file. */
export interface UnparsableFile {
  readonly file: string;
  readonly line: number;
  readonly problem: string;
}

/** The objects of a folder of manifests, by file. */
export interface Manifests {
  readonly files: ReadonlyMap<string, readonly RawObject[]>;
  readonly unparsableFiles: readonly UnparsableFile[];
}

export const NO_MANIFESTS: Manifests = { files: new Map(), unparsableFiles: [] };

export type ParsedFile =
  | { readonly name: string; readonly objects: readonly RawObject[] }
  | { readonly unparsableFile: UnparsableFile };

/** Rejects with a `UsageError` unless the folder of `--manifests` is a readable folder. */
export async function assertReadableFolder(folder: string): Promise<void> {
  const directory = await opendir(folder).catch(() => undefined);
  if (!directory)
    throw new UsageError(`--manifests is not a readable folder: ${folder}. Check the path and its permissions`);
  await directory.close();
}

/**
 * Reads all `.yaml`, `.yml` and `.json` files below a folder, sorted by path. For a file with a syntax error it returns the
 * objects of `previousManifests`. Rejects if the folder is not readable.
 */
export async function readManifests(folder: string, previousManifests: Manifests = NO_MANIFESTS): Promise<Manifests> {
  const paths = await listManifestFiles(folder);
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

/** Lists all `.yaml`, `.yml` and `.json` files below a folder, sorted by path. Rejects if the folder is not readable. */
export async function listManifestFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && /\.(ya?ml|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function readManifest(path: string, name: string): Promise<ParsedFile> {
  try {
    return parseManifest(await readFile(path, "utf8"), name);
  } catch (error) {
    // A file that was deleted after the listing is ignored.
    if (isMissing(error)) return { name, objects: [] };
    return { unparsableFile: { file: name, line: 1, problem: errorMessage(error) } };
  }
}

/** A document of a file: its syntax tree, the line of its first field, and the positions of its lines. */
export interface ManifestDocument {
  readonly document: Document.Parsed;
  readonly line: number;
  readonly lineCounter: LineCounter;
}

/** Parses one file. JSON is valid YAML. */
export function parseManifest(text: string, name: string): ParsedFile {
  const parsed = parseDocuments(text, name);
  if ("unparsableFile" in parsed) return parsed;
  return { name, objects: parsed.documents.map((entry) => toRawObject(entry, name)) };
}

/** Parses the documents of one file; without the empty ones. */
export function parseDocuments(
  text: string,
  name: string,
): { readonly documents: readonly ManifestDocument[] } | { readonly unparsableFile: UnparsableFile } {
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter });
  const documents: ManifestDocument[] = [];
  for (const document of Array.isArray(parsed) ? parsed : []) {
    const error = document.errors[0];
    if (error) {
      const problem = error.message.split("\n", 1)[0]?.split(" at line ", 1)[0] ?? "invalid YAML";
      return { unparsableFile: { file: name, line: lineCounter.linePos(error.pos[0]).line, problem } };
    }
    if (document.contents === null) continue;
    documents.push({ document, line: lineCounter.linePos(document.contents.range[0]).line, lineCounter });
  }
  return { documents };
}

export function toRawObject({ document, line }: ManifestDocument, file: string): RawObject {
  return { object: document.toJS() as unknown, source: `${file}:${line}` };
}

/** Formats a syntax error as one line. */
export function formatUnparsableFile({ file, line, problem }: UnparsableFile): string {
  return `error ${file}:${line}: ${problem}. Correct the file; until then its last valid objects are used (InvalidManifest)`;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
