import assert from "node:assert/strict";
import { dirname } from "node:path";
import { test } from "node:test";
import { listFiles, readSource } from "../support/sources.ts";

const MAX_FILE_LINES = 200;
const MAX_FOLDER_FILES = 20;
/** One file a policy, and one a filter. */
const LARGE_FOLDERS = ["src/rules/policies", "src/filters"];

const SOURCES = listFiles("src/*.ts", "sync/*.ts", "tools/*.ts");
const TESTS = listFiles("test/*.ts");

function findLargeFiles(paths: readonly string[]): string[] {
  return paths.filter((path) => readSource(path).split("\n").length - 1 > MAX_FILE_LINES);
}

function findLargeFolders(paths: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const path of paths) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  return [...counts].flatMap(([folder, files]) => (files > MAX_FOLDER_FILES ? [folder] : []));
}

test("No source file has more than 200 lines", () => {
  assert.deepEqual(findLargeFiles(SOURCES), []);
});

test("No test file has more than 200 lines", () => {
  assert.deepEqual(findLargeFiles(TESTS), []);
});

test("No source folder has more than 20 files", () => {
  const large = findLargeFolders(SOURCES).filter((folder) => !LARGE_FOLDERS.includes(folder));
  assert.deepEqual(large, []);
});

test("No test folder has more than 20 files", () => {
  assert.deepEqual(findLargeFolders(TESTS), []);
});

test("The top folders hold their entry files and folders only", () => {
  const direct = (folder: string) => SOURCES.filter((path) => dirname(path) === folder);
  assert.deepEqual(direct("sync"), ["sync/cli.ts"]);
  assert.deepEqual(direct("src"), ["src/env.ts", "src/index.ts", "src/serve.ts"]);
});
