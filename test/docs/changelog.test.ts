import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FINDING_KINDS } from "../../sync/lint/findings/finding.ts";
import { REPOSITORY, readText } from "../support/docs/markdown.ts";

const CODE_FOLDERS = ["src", "sync", "deploy"];

const code = CODE_FOLDERS.flatMap((folder) =>
  readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readText(join(entry.parentPath, entry.name).slice(REPOSITORY.length))),
).join("\n");

for (const { old, current } of readRenames()) {
  test(`the changelog's rename of ${old} leads to names that exist in the code`, () => {
    const missing = namesIn(current).filter((name) => !hasName(name));
    assert.deepEqual(missing, []);
  });
}

test("the renaming tables of the changelog have at least 100 rows", () => {
  assert.ok(readRenames().length >= 100, `${readRenames().length}`);
});

test("the documentation of lint explains every kind of lint finding", () => {
  const rows = [...readText("docs/lint.md").matchAll(/^\| `([a-z]+)` \| /gm)];
  assert.deepEqual(
    rows.map(([, kind]) => kind),
    [...FINDING_KINDS],
  );
});

/** The rows of the tables below "Renamed". */
function readRenames(): { readonly old: string; readonly current: string }[] {
  const section = readText("CHANGELOG.md").split("### Renamed\n")[1]?.split("\n### ")[0] ?? "";
  return [...section.matchAll(/^\| (?!Old \||---)(.+) \| (.+) \|$/gm)].map(([, old = "", current = ""]) => ({
    old,
    current,
  }));
}

/** The names in code spans: "`limits[].maxRoutes`" has `limits` and `maxRoutes`. */
function namesIn(cell: string): string[] {
  const spans = [...cell.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span);
  return spans.flatMap((span) => span.match(/(?:--)?[A-Za-z][\w.-]*/g) ?? []).filter((name) => name !== "digest");
}

function hasName(name: string): boolean {
  const escaped = name.replace(/[.]/g, "\\.");
  return new RegExp(`(?<![\\w-])${escaped}(?![\\w-])`).test(code);
}
