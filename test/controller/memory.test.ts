import assert from "node:assert/strict";
import { test } from "node:test";
import { measureHeapGrowth } from "../bench/controller/heap-growth.ts";

test("The heap of the controller's stages is the same after 200 and after 600 changes", async () => {
  const { growthKb, rows } = await measureHeapGrowth(200, 600);
  assert.ok(growthKb < 1500, JSON.stringify(rows));
});
