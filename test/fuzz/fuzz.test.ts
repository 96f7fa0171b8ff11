import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { formatFailure } from "./format-result.ts";
import { searchFailure } from "./run-property.ts";
import { defineProperty, TARGET_SHARES } from "./target.ts";

const below1000 = () =>
  defineProperty("below-1000", fc.nat(), (number) => {
    assert.ok(number < 1000, `${number} is too large`);
  });

function runFuzz(...args: string[]) {
  const script = fileURLToPath(new URL("fuzz.ts", import.meta.url));
  return spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
}

describe("the search for inputs", () => {
  test("A failure has the smallest input, and the command that checks it again", async () => {
    const { failure } = await searchFailure(below1000(), { seed: 7, milliseconds: 5000 });
    assert.ok(failure);
    assert.equal(failure.input, "1000");
    assert.match(failure.error, /1000 is too large/);
    const text = formatFailure("numbers", "below-1000", failure);
    assert.ok(text.includes(`npm run fuzz -- --target numbers/below-1000 --seed 7 --path ${failure.path}`));
  });

  test("The path of a failure leads to the same input at once", async () => {
    const { failure } = await searchFailure(below1000(), { seed: 7, milliseconds: 5000 });
    const property = below1000();
    const again = await searchFailure(property, { seed: 7, milliseconds: 5000, path: failure?.path });
    assert.equal(again.failure?.input, "1000");
    assert.ok(property.countInputs() < 30);
  });

  test("A search without a failure ends when its time is over", async () => {
    const all = defineProperty("all", fc.nat(), () => undefined);
    const { failure, inputs, milliseconds } = await searchFailure(all, { seed: 7, milliseconds: 200 });
    assert.equal(failure, undefined);
    assert.ok(inputs > 0 && milliseconds < 5000);
  });
});

describe("npm run fuzz", () => {
  test("A property runs alone, and its line has the number of inputs", { timeout: 60_000 }, () => {
    const { status, stdout } = runFuzz("--target", "decisions/hosts", "--minutes", "0.01", "--seed", "7");
    assert.match(
      stdout,
      /^seed=7 minutes=0\.01\nok {5}decisions\/hosts +inputs=[1-9]\d* seconds=[\d.]+\nno failure\n$/,
    );
    assert.equal(status, 0);
  });

  test("An unknown target ends the command with the names of the targets", () => {
    const { status, stderr } = runFuzz("--target", "nothing");
    assert.match(stderr, /^target not found: nothing\. Use one of annotations, /);
    assert.equal(status, 1);
  });

  test("Each target has a share of the time", () => {
    const files = readdirSync(new URL("targets", import.meta.url)).map((file) => file.replace(/\.ts$/, ""));
    assert.deepEqual(Object.keys(TARGET_SHARES).toSorted(), files.toSorted());
  });
});
