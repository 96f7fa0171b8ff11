import assert from "node:assert/strict";
import { test } from "node:test";
import { listFiles, readSource } from "../support/sources.ts";

const EXPORT = /^export (?:declare )?(?:async )?(?:abstract )?(?:function\*?|const|let|class|interface|type) (\w+)/gm;

/** The files that export each name. A schema and its type share a name in one file. */
function findExports(paths: readonly string[]): Map<string, Set<string>> {
  const files = new Map<string, Set<string>>();
  for (const path of paths) {
    for (const [, name = ""] of readSource(path).matchAll(EXPORT)) {
      files.set(name, new Set([...(files.get(name) ?? []), path]));
    }
  }
  return files;
}

/** A policy and its filter share a name: `src/rules/policies/cors.ts` and `src/filters/cors.ts`. */
function isPolicyPair(paths: readonly string[]): boolean {
  const [filter = "", policy = ""] = paths.toSorted();
  return paths.length === 2 && filter.startsWith("src/filters/") && policy.startsWith("src/rules/policies/");
}

test("An exported name has one meaning in the whole tree", () => {
  const exported = findExports(listFiles("src/*.ts", "sync/*.ts", "tools/*.ts", "test/support/*.ts"));
  const shared = [...exported].filter(([, paths]) => paths.size > 1 && !isPolicyPair([...paths]));
  assert.deepEqual(
    shared.map(([name, paths]) => `${name}: ${[...paths].join(", ")}`),
    [],
  );
});

test("A file name is kebab-case and not a collection of leftovers", () => {
  const bad = listFiles("src/*.ts", "sync/*.ts", "tools/*.ts", "test/*.ts").filter((path) => {
    const name = path.split("/").at(-1) ?? "";
    return !/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|d))?\.ts$/.test(name) || /^(utils?|helpers?|common|misc)\b/.test(name);
  });
  assert.deepEqual(bad, []);
});
