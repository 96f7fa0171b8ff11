import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { README, withTables } from "../sync/docs.ts";

test("the README's tables are the ones that the code makes: `npm run docs` writes them", async () => {
  const readme = await readFile(README, "utf8");
  assert.equal(readme, withTables(readme));
});
