import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { anchorsIn, linksIn, REPOSITORY, readDocuments } from "../support/docs/markdown.ts";

const README_MAX_BYTES = 7000;

const documents = readDocuments();
const anchors = new Map(documents.map((document) => [document.path, anchorsIn(document)]));

for (const document of documents) {
  test(`every relative link of ${document.path} leads to a file and heading that exist`, () => {
    const broken = linksIn(document).filter(({ path, anchor }) => {
      if (!existsSync(join(REPOSITORY, path))) return true;
      return anchor !== undefined && !anchors.get(path)?.has(anchor);
    });
    assert.deepEqual(
      broken.map(({ target }) => target),
      [],
    );
  });
}

test("every document below docs/ is linked from another document", () => {
  const linked = new Set(
    documents.flatMap((document) => linksIn(document).flatMap(({ path }) => (path === document.path ? [] : [path]))),
  );
  const lonely = documents.map(({ path }) => path).filter((path) => path.startsWith("docs/") && !linked.has(path));
  assert.deepEqual(lonely, []);
});

test("the README has at most 7,000 bytes", () => {
  const readme = documents.find(({ path }) => path === "README.md");
  assert.ok(readme);
  assert.ok(Buffer.byteLength(readme.text) <= README_MAX_BYTES, `${Buffer.byteLength(readme.text)} bytes`);
});

test("no document names a machine's own folder", () => {
  const naming = documents.filter(({ text }) => /(?:^|[\s`'"(])\/(?:tmp|home|root|work)\//.test(text));
  assert.deepEqual(
    naming.map(({ path }) => path),
    [],
  );
});
