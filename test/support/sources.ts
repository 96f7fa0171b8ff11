import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/** Paths of the files that match some git patterns, relative to the repository. Files that are not committed yet count. */
export function listFiles(...patterns: readonly string[]): string[] {
  const output = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", ...patterns],
    {
      cwd: REPOSITORY,
      encoding: "utf8",
    },
  );
  return output.split("\n").filter((path) => path !== "" && exists(path));
}

/** The text of a file of the repository. */
export function readSource(path: string): string {
  return readFileSync(join(REPOSITORY, path), "utf8");
}

/** The files of the repository that a TypeScript file imports, types included. */
export function importsOf(path: string): string[] {
  const specifiers = readSource(path).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g);
  return [...specifiers].map(([, specifier = ""]) => normalize(join(dirname(path), specifier)));
}

function exists(path: string): boolean {
  try {
    readFileSync(join(REPOSITORY, path));
    return true;
  } catch {
    return false; // deleted, but not committed yet
  }
}
