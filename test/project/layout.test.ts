import assert from "node:assert/strict";
import { dirname } from "node:path";
import { test } from "node:test";
import { importsOf, listFiles, readSource } from "../support/sources.ts";

const MAX_FILE_LINES = 200;
const MAX_FOLDER_FILES = 20;
/** One file a policy, and one a filter. */
const LARGE_FOLDERS = ["src/rules/policies", "src/filters"];

/** Files that are still too large. This list may only get shorter. */
const LARGE_FILES: readonly string[] = [];

const SOURCES = listFiles("src/*.ts", "sync/*.ts", "tools/*.ts");

test("No source file has more than 200 lines", () => {
  const lines = (path: string) => readSource(path).split("\n").length - 1;
  assert.deepEqual(
    SOURCES.filter((path) => lines(path) > MAX_FILE_LINES),
    LARGE_FILES,
  );
});

test("No folder has more than 20 files", () => {
  const counts = new Map<string, number>();
  for (const path of SOURCES) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  const large = [...counts].filter(([folder, files]) => files > MAX_FOLDER_FILES && !LARGE_FOLDERS.includes(folder));
  assert.deepEqual(large, []);
});

test("The top folders hold their entry files and folders only", () => {
  const direct = (folder: string) => SOURCES.filter((path) => dirname(path) === folder);
  assert.deepEqual(direct("sync"), ["sync/cli.ts"]);
  assert.deepEqual(direct("src"), ["src/env.ts", "src/index.ts", "src/serve.ts"]);
});

test("No import cycle exists, types included", () => {
  assert.deepEqual(findFilesInCycles(SOURCES), []);
});

/** The files that stay after files without imports, and files without importers, are removed again and again. */
function findFilesInCycles(paths: readonly string[]): string[] {
  let imports = new Map(paths.map((path) => [path, importsOf(path)]));
  for (;;) {
    const imported = new Set([...imports.values()].flat());
    const kept = [...imports].filter(
      ([path, targets]) => imported.has(path) && targets.some((target) => imports.has(target)),
    );
    if (kept.length === imports.size) return kept.map(([path]) => path);
    imports = new Map(kept);
  }
}
