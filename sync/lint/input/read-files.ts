import { stat } from "node:fs/promises";
import { describeReadError, readLimited, readListedManifest, readManifestText } from "../../collect/manifest-text.ts";
import {
  listManifestFiles,
  type ManifestDocument,
  parseDocuments,
  STANDARD_INPUT,
  type UnparsableFile,
} from "../../collect/manifests.ts";
import type { RawObject } from "../../collect/parse-objects.ts";
import { UsageError } from "../../runtime/usage-error.ts";

/** File name of standard input in reports. */
export const STDIN_NAME = "stdin";

/** A file that `lint` has read, by its path. */
export interface LintFile {
  readonly path: string;
  readonly text: string;
  readonly documents: readonly ManifestDocument[];
  readonly objects: readonly RawObject[];
  readonly unparsableFile: UnparsableFile | undefined;
}

/**
 * Reads files, folders with their subfolders, and `input` if a path is "-". Rejects with a `UsageError` if a path is not
 * readable.
 */
export async function readFiles(
  paths: readonly string[],
  input: AsyncIterable<Buffer | string>,
): Promise<readonly LintFile[]> {
  const lists = await Promise.all(paths.map((path) => (path === STANDARD_INPUT ? [STANDARD_INPUT] : listFiles(path))));
  return Promise.all(
    [...new Set(lists.flat())].map((path) => {
      if (path === STANDARD_INPUT) return readLintFile(STDIN_NAME, () => readLimited(input));
      const read = paths.includes(path) ? readManifestText : readListedManifest;
      return readLintFile(path, () => read(path));
    }),
  );
}

async function listFiles(path: string): Promise<readonly string[]> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats) throw new UsageError(`path is not readable: ${path}. Check it, or use - for standard input`);
  return stats.isDirectory() ? listManifestFiles(path) : [path];
}

async function readLintFile(path: string, read: () => Promise<string>): Promise<LintFile> {
  try {
    return parseFile(path, await read());
  } catch (error) {
    const unparsableFile = { file: path, line: 1, problem: describeReadError(error) };
    return { path, text: "", documents: [], objects: [], unparsableFile };
  }
}

function parseFile(path: string, content: string): LintFile {
  const parsed = parseDocuments(content, path);
  if ("unparsableFile" in parsed) {
    return { path, text: content, documents: [], objects: [], unparsableFile: parsed.unparsableFile };
  }
  return { path, text: content, ...parsed, unparsableFile: undefined };
}
