import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startDev } from "../support/cli/edge-cli.ts";
import { buildTenant } from "../support/hostile-objects.ts";

test("The command starts the thread of regex checks, and publishes and reports by its verdicts", async () => {
  const folder = await mkdtemp(join(tmpdir(), "edgress-verdicts-"));
  const objects = buildTenant("bob", ["/(a+)+$", "/[0-9]+/payments-backoffice-reporting-service/exports(/|$)(.*)"]);
  await writeFile(join(folder, "objects.yaml"), objects.map((object) => JSON.stringify(object)).join("\n---\n"));
  const dev = await startDev(folder);
  try {
    const problem = "path cannot be matched: /(a+)+$ (the time to match it can grow exponentially)";
    assert.equal(dev.lines.filter((line) => line.includes("UnsafeRegex")).length, 1);
    assert.ok(
      dev.lines.some((line) => line.includes(problem)),
      dev.lines.join("\n"),
    );
  } finally {
    await dev.end();
    await rm(folder, { recursive: true });
  }
});
