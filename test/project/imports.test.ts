import assert from "node:assert/strict";
import { test } from "node:test";
import { importsOf, listFiles } from "../support/sources.ts";
import { findImportCycles } from "./import-cycles.ts";
import { COMPILE_STAGES, EARLY_COMPILE_IMPORTS, FOLDER_IMPORTS } from "./import-directions.ts";

const FOLDERS = Object.keys(FOLDER_IMPORTS);
const IMPORTS = listFiles("src/*.ts", "sync/*.ts").flatMap((file) =>
  importsOf(file).map((target) => ({ file, target, from: findRow(file), to: findRow(target) })),
);

/** Returns the row of a file: its own one, or that of its folder. */
function findRow(path: string): string {
  const rows = FOLDERS.filter((row) => path === row || path.startsWith(`${row}/`));
  return rows.toSorted((a, b) => b.length - a.length)[0] ?? path;
}

test("Every folder of src and sync has a row in the table of import directions", () => {
  const folders = new Set(listFiles("src/*.ts", "sync/*.ts").map(findRow));
  assert.deepEqual([...folders].toSorted(), FOLDERS.toSorted());
});

test("A folder imports the folders of its row only", () => {
  const forbidden = IMPORTS.filter(({ from, to }) => from !== to && !FOLDER_IMPORTS[from]?.includes(to));
  assert.deepEqual(
    forbidden.map(({ file, target, from, to }) => `${file} imports ${target}: ${from} may not import ${to}`),
    [],
  );
});

test("A row of the import table names lower folders only, and all of them are imported", () => {
  const used = new Set(IMPORTS.map(({ from, to }) => `${from} -> ${to}`));
  const faults = Object.entries(FOLDER_IMPORTS).flatMap(([row, targets]) =>
    targets.flatMap((target) => {
      const isLower = target === "package.json" || FOLDERS.slice(0, FOLDERS.indexOf(row)).includes(target);
      if (!isLower) return [`${row} -> ${target}: not a lower folder`];
      return used.has(`${row} -> ${target}`) ? [] : [`${row} -> ${target}: not imported; remove it from the row`];
    }),
  );
  assert.deepEqual(faults, []);
});

test("A stage of compile imports earlier stages only", () => {
  const stageOf = (path: string) => COMPILE_STAGES.indexOf(/^sync\/compile\/(\w+)\//.exec(path)?.[1] ?? "");
  const early = IMPORTS.filter(({ file, target }) => stageOf(file) !== -1 && stageOf(target) > stageOf(file));
  assert.deepEqual(early.map(({ file, target }) => `${file} -> ${target}`).toSorted(), EARLY_COMPILE_IMPORTS);
});

test("No import cycle exists, types included", () => {
  const files = listFiles("src/*.ts", "sync/*.ts", "tools/*.ts", "library/*.ts", "test/*.ts");
  assert.deepEqual(findImportCycles(new Map(files.map((file) => [file, importsOf(file)]))), []);
});

test("The cycle finder names the files of a cycle, in order, and no others", () => {
  const graph = new Map([
    ["entry.ts", ["a.ts"]], // leads to the cycle
    ["a.ts", ["leaf.ts", "b.ts"]],
    ["b.ts", ["c.ts", "leaf.ts"]],
    ["c.ts", ["a.ts", "after.ts"]],
    ["after.ts", ["leaf.ts"]], // follows from the cycle
    ["leaf.ts", []],
    ["self.ts", ["self.ts"]],
  ]);
  assert.deepEqual(findImportCycles(graph), ["a.ts -> b.ts -> c.ts -> a.ts", "self.ts -> self.ts"]);
});
