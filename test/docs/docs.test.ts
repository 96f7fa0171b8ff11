import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { test } from "node:test";
import { compiledPolicies } from "../../src/rules/policies/compiled-policies.ts";
import type { AnnotationRow } from "../../src/rules/policies/policy.ts";
import { DOCUMENTS, tables, withTables } from "../../tools/generate-docs.ts";

const documents = await Promise.all(
  DOCUMENTS.map(async (path) => ({ path, name: basename(path), text: await readFile(path, "utf8") })),
);

for (const { name, text } of documents) {
  test(`the tables of ${name} are the ones that the code makes: \`npm run docs\` writes them`, () => {
    assert.equal(text, withTables(text));
  });
}

for (const name of Object.keys(tables)) {
  test(`the table of ${name} stands in one document`, () => {
    const holders = documents.filter(({ text }) => text.includes(`<!-- ${name}:begin -->`));
    assert.equal(holders.length, 1);
  });
}

test("every annotation that is not just the same says what differs", () => {
  const silent = compiledPolicies
    .flatMap(({ annotations }) => Object.entries<AnnotationRow>(annotations))
    .filter(
      ([, { support, difference }]) => ["partial", "ignored", "fail-closed"].includes(support ?? "full") && !difference,
    );
  assert.deepEqual(
    silent.map(([name]) => name),
    [],
  );
});
