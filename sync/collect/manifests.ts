import { constants } from "node:fs";
import { access, readdir, stat } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { type Document, LineCounter, parseAllDocuments } from "yaml";
import { UsageError } from "../runtime/usage-error.ts";
import { describeReadError, readLimited, readListedManifest, readManifestText } from "./manifest-text.ts";
import type { RawObject } from "./parse-objects.ts";

/** A syntax error in a manifest file. */
export interface UnparsableFile {
  readonly file: string;
  readonly line: number;
  readonly problem: string;
}

/** The path of manifests that are read from standard input, as in kubectl. */
export const STANDARD_INPUT = "-";

/** The objects of manifests, by file. */
export interface Manifests {
  readonly files: ReadonlyMap<string, readonly RawObject[]>;
  readonly unparsableFiles: readonly UnparsableFile[];
}

export const NO_MANIFESTS: Manifests = { files: new Map(), unparsableFiles: [] };

export type ParsedFile =
  | { readonly name: string; readonly objects: readonly RawObject[] }
  | { readonly unparsableFile: UnparsableFile };

/** Rejects with a `UsageError` unless the path is a readable file or folder, or "-". */
export async function assertReadableManifests(path: string): Promise<void> {
  if (path === STANDARD_INPUT) return;
  await access(path, constants.R_OK).catch(() => {
    throw new UsageError(`manifests are not readable: ${path}. Check the path and its permissions`);
  });
}

/**
 * Reads a file, all `.yaml`, `.yml` and `.json` files below a folder, sorted by path, or `input` if the path is "-". For a
 * file with a syntax error it returns the objects of `previousManifests`. Rejects if the path is not readable.
 */
export async function readManifests(
  path: string,
  previousManifests: Manifests = NO_MANIFESTS,
  input: AsyncIterable<Buffer | string> = process.stdin,
): Promise<Manifests> {
  const parsedFiles = await parseManifests(path, input);
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

async function parseManifests(path: string, input: AsyncIterable<Buffer | string>): Promise<ParsedFile[]> {
  if (path === STANDARD_INPUT) return [await readManifest("stdin", () => readLimited(input))];
  if (!(await stat(path)).isDirectory()) return [await readManifest(basename(path), () => readManifestText(path))];
  const files = await listManifestFiles(path);
  return Promise.all(files.map((file) => readManifest(relative(path, file), () => readListedManifest(file))));
}

/** Lists all `.yaml`, `.yml` and `.json` files below a folder, sorted by path. Rejects if the folder is not readable. */
export async function listManifestFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && /\.(ya?ml|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function readManifest(name: string, read: () => Promise<string>): Promise<ParsedFile> {
  try {
    return parseManifest(await read(), name);
  } catch (error) {
    // A file that was deleted after the listing is ignored.
    if (isMissing(error)) return { name, objects: [] };
    return { unparsableFile: { file: name, line: 1, problem: describeReadError(error) } };
  }
}

/** A document of a file: its syntax tree, the line of its first field, and the positions of its lines. */
export interface ManifestDocument {
  readonly document: Document.Parsed;
  readonly line: number;
  readonly lineCounter: LineCounter;
}

/** Parses one file. JSON is valid YAML. It never throws. */
export function parseManifest(text: string, name: string): ParsedFile {
  const parsed = parseDocuments(text, name);
  return "unparsableFile" in parsed ? parsed : { name, objects: parsed.objects };
}

/** The documents of a file, without the empty ones, and their objects. */
export interface ParsedDocuments {
  readonly documents: readonly ManifestDocument[];
  readonly objects: readonly RawObject[];
}

/** Parses the documents of one file. It never throws. */
export function parseDocuments(
  text: string,
  name: string,
): ParsedDocuments | { readonly unparsableFile: UnparsableFile } {
  try {
    const parsed = parseTrees(text, name);
    if ("unparsableFile" in parsed) return parsed;
    // Aliases are resolved here, so a file with too many of them fails here.
    return { ...parsed, objects: parsed.documents.map((entry) => toRawObject(entry, name)) };
  } catch (error) {
    return { unparsableFile: { file: name, line: 1, problem: describeReadError(error) } };
  }
}

function parseTrees(
  text: string,
  name: string,
): Pick<ParsedDocuments, "documents"> | { readonly unparsableFile: UnparsableFile } {
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter });
  const documents: ManifestDocument[] = [];
  for (const document of Array.isArray(parsed) ? parsed : []) {
    const error = document.errors[0];
    if (error) {
      const problem = describeReadError(error).split(" at line ", 1)[0] ?? "invalid YAML";
      return { unparsableFile: { file: name, line: lineCounter.linePos(error.pos[0]).line, problem } };
    }
    if (document.contents === null) continue;
    documents.push({ document, line: lineCounter.linePos(document.contents.range[0]).line, lineCounter });
  }
  return { documents };
}

function toRawObject({ document, line }: ManifestDocument, file: string): RawObject {
  return { object: document.toJS() as unknown, source: `${file}:${line}` };
}

/** Formats a syntax error as one line. */
export function formatUnparsableFile({ file, line, problem }: UnparsableFile): string {
  const text = `error ${file}:${line}: ${problem}. Correct the file; until then its last valid objects are used (InvalidManifest)`;
  return text.replace(/\s+/g, " "); // a file's name may have line breaks
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
