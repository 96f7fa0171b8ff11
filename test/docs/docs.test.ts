import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { compiledPolicies } from "../../src/rules/policies/compiled-policies.ts";
import type { AnnotationRow } from "../../src/rules/policies/policy.ts";
import { pages, pathOf } from "../../tools/generate-docs.ts";
import { readText } from "../support/docs/markdown.ts";

const rows = compiledPolicies.flatMap(({ annotations }) => Object.entries<AnnotationRow>(annotations));

for (const [page, format] of Object.entries(pages)) {
  test(`the page ${page} is the one that the code makes: \`npm run docs\` writes it`, async () => {
    assert.equal(existsSync(pathOf(page)) ? await readFile(pathOf(page), "utf8") : "", await format());
  });

  test(`the page ${page} has no empty code span`, async () => {
    assert.doesNotMatch(await format(), /(^|[^`])``([^`]|$)/m);
  });
}

test("the reference folder has generated pages only, and the results of runs", async () => {
  const results = ["benchmarks.md", "gateway-conformance-report.yaml"];
  const files = (await readdir(pathOf("docs/reference"))).filter((file) => !results.includes(file));
  assert.deepEqual(files.map((file) => `docs/reference/${file}`).toSorted(), Object.keys(pages).toSorted());
});

test("every annotation that is not fully supported states the difference", () => {
  const silent = rows.filter(
    ([, { support = "full", difference }]) => ["partial", "ignored", "fail-closed"].includes(support) && !difference,
  );
  assert.deepEqual(
    silent.map(([name]) => name),
    [],
  );
});

test("every environment variable that the Worker reads is in wrangler.toml or in the environment reference", () => {
  const reference = readText("docs/reference/environment.md");
  const variables = readText("wrangler.toml").match(/\b[A-Z]+(?:_[A-Z]+)+\b/g) ?? [];
  assert.deepEqual(
    variables.filter((name) => !reference.includes(`\`${name}\``)),
    [],
  );
});
