import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** An installed wrangler. */
export interface Wrangler {
  readonly version: string;
  /** The Node.js versions that it runs on, such as ">=22.12.0". Undefined if unknown. */
  readonly engines: string | undefined;
  /** Program and first arguments. */
  readonly command: readonly [program: string, ...args: readonly string[]];
}

/** The version that the tests use. An older one may not know the configuration. */
export const TESTED_WRANGLER = "4.164.0";

/** Finds wrangler in the packages of a folder, then next to edgress, then in PATH. Resolves with undefined without one. */
export async function findWrangler(folder: string): Promise<Wrangler | undefined> {
  for (const start of [folder, dirname(fileURLToPath(import.meta.url))]) {
    const found = findPackage(start);
    if (found) return found;
  }
  try {
    const { stdout } = await promisify(execFile)("wrangler", ["--version"]);
    return {
      version: stdout.split(/\s+/).find((word) => /^\d/.test(word)) ?? "unknown",
      engines: undefined,
      command: ["wrangler"],
    };
  } catch {
    return undefined;
  }
}

function findPackage(start: string): Wrangler | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    const packageFolder = join(folder, "node_modules/wrangler");
    const text = readTextIfPresent(join(packageFolder, "package.json"));
    if (text !== undefined) {
      const { version, engines, bin } = JSON.parse(text);
      return {
        version,
        engines: engines?.node,
        command: [process.execPath, join(packageFolder, bin.wrangler)],
      };
    }
    if (dirname(folder) === folder) return undefined;
  }
}

function readTextIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Whether a version is at least the other one: "4.164.0" and "4.36.0". */
export function isAtLeast(version: string, minimum: string): boolean {
  const [parts, minimumParts] = [version, minimum].map((text) => text.split(/[.-]/).map(Number));
  for (const [index, part] of (minimumParts ?? []).entries()) {
    const actual = parts?.[index] ?? 0;
    if (actual !== part) return actual > part;
  }
  return true;
}
