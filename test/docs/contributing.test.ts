import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { REPOSITORY, readText } from "../support/docs/markdown.ts";

const ROW = /^\| (?<question>[^|]+\?) \| `(?<file>[^`]+)` \| `(?<name>[^`]+)` \|$/gm;

const answers = [...readText("CONTRIBUTING.md").matchAll(ROW)].map(({ groups = {} }) => groups);

test('the section "Where is…?" has at least 14 answers', () => {
  assert.ok(answers.length >= 14, `${answers.length}`);
});

test('every row of the section "Where is…?" is read by this test', () => {
  const section = readText("CONTRIBUTING.md").split("## Where is…?")[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| ") && !/^\| (Question|---) /.test(line));
  assert.equal(rows.length, answers.length);
});

for (const { question = "", file = "", name = "" } of answers) {
  test(`the answer to "${question}" names a file that declares ${name}`, () => {
    assert.ok(existsSync(join(REPOSITORY, file)), file);
    assert.match(
      readText(file),
      new RegExp(
        `^export (?:async )?(?:function\\*?|const|class|interface) ${name}\\b|^(?:async )?function ${name}\\b`,
        "m",
      ),
    );
  });
}
