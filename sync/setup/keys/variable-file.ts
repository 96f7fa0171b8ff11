import { readIfExists, writePrivateFile } from "../folder.ts";

/** Variables by name, as in a file of `NAME=value` lines. */
export type Variables = Readonly<Record<string, string>>;

/** Formats variables for a shell and for `kubectl create secret --from-env-file`. */
export function formatVariables(variables: Variables): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** Parses `NAME=value` lines. Ignores comments and empty lines. */
export function parseVariables(text: string): Variables {
  const entries = text.split("\n").flatMap((line) => {
    const [, name, value] = /^(?:export )?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim()) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value.replace(/^(['"])(.*)\1$/, "$2")]];
  });
  return Object.fromEntries(entries);
}

/** Reads a file of variables. A missing file has no variables. */
export async function readVariables(path: string): Promise<Variables> {
  return parseVariables((await readIfExists(path)) ?? "");
}

/** Writes variables to a file that only its owner may read. */
export async function writeVariables(path: string, variables: Variables): Promise<void> {
  await writePrivateFile(path, formatVariables(variables));
}
