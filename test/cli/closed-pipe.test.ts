import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { CLI_ENTRY, NODE } from "../support/cli/edge-cli.ts";

for (const args of [["--help"], ["plan", "--help"], ["completion", "bash"]]) {
  test(`edgress ${args.join(" ")} ends without an error if its reader has ended`, async () => {
    const child = spawn(NODE, [CLI_ENTRY, ...args]);
    child.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  });
}
