import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { errorMessage } from "../../src/rules/error-message.ts";

const MIB = 1024 * 1024;
/** Size of a manifest file. Its parser needs up to 100 bytes of memory for each byte. */
const MAX_MANIFEST_BYTES = 32 * MIB;

/** Reads a file or a pipe. Rejects if it is not readable, or has over 32 MiB. */
export async function readManifestText(path: string): Promise<string> {
  return await readLimited(createReadStream(path));
}

/** Reads a file that was found in a folder. Rejects for a pipe, a device or a folder too, because they may never end. */
export async function readListedManifest(path: string): Promise<string> {
  if (!(await stat(path)).isFile()) throw new Error("not a regular file");
  return await readManifestText(path);
}

/** Reads a stream to its end. Rejects after 32 MiB. */
export async function readLimited(stream: AsyncIterable<Buffer | string>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    if (text.length > MAX_MANIFEST_BYTES) throw new Error(`larger than ${MAX_MANIFEST_BYTES / MIB} MiB`);
  }
  return text + decoder.decode();
}

/** Returns the reason why a file is not read or parsed. */
export function describeReadError(error: unknown): string {
  const [line = ""] = errorMessage(error).split("\n");
  // The parser calls itself for each level, and reports the stack's overflow as an error of the syntax.
  return line.includes("call stack size exceeded") ? "nested too deeply" : line;
}
