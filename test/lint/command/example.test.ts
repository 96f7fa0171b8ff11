import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { CLI_ENTRY, EXAMPLES, NODE } from "../../support/cli/edge-cli.ts";
import { runWithInput } from "../../support/cli/lint-command.ts";

const hasScript = spawnSync("script", ["--version"]).status === 0;
const FOLDER = join(EXAMPLES, "ingress-nginx-migration");
/** The time that a reader accepts, times the number of tests that share a processor. */
const MAX_MS = 3000 * 4;

describe("edgress lint of 60 Ingresses", () => {
  test("The summary of 60 Ingresses fits on a screen of 24 lines and 80 columns, and names the first step", async () => {
    const startedAt = performance.now();
    const { code, out, error } = await runWithInput(["lint", FOLDER, "--summary"], "", { COLUMNS: "80" });
    assert.ok(performance.now() - startedAt < MAX_MS, `${performance.now() - startedAt} ms`);
    assert.deepEqual([code, error], [1, ""]);
    const lines = out.trimEnd().split("\n");
    assert.ok(lines.length <= 23, `${lines.length} lines`);
    assert.deepEqual(
      lines.filter((line) => line.length > 80),
      [],
    );
    assert.equal(lines[0], "60 Ingresses, 50 hosts");
    assert.match(out, /^ {2}can move now +\d+ hosts? +\d+ Ingress/m);
    assert.match(out, /^ {2}after one change +\d+ hosts? +\d+ Ingress/m);
    assert.match(out, /^ {2}cannot move +2 hosts +2 Ingresses$/m);
    assert.match(out, /^The Service has no external address +\d+ +\d+$/m);
    assert.match(out, /^Do first: /m);
    assert.match(out, /\(NoExternalAddress\)\.$/m);
  });

  for (const columns of ["80", "100"]) {
    test(`No line about 60 Ingresses is longer than ${columns} columns`, async () => {
      const { out } = await runWithInput(["lint", FOLDER, "--verbose"], "", { COLUMNS: columns });
      assert.deepEqual(
        out.split("\n").filter((line) => line.length > Number(columns)),
        [],
      );
    });
  }

  test("A terminal has lines of its width, with colors", {
    skip: !hasScript && "script is not installed",
  }, async () => {
    const command = `stty cols 72; exec '${NODE}' '${CLI_ENTRY}' lint '${FOLDER}'`;
    const environment = { ...process.env, NO_COLOR: "", FORCE_COLOR: "", TERM: "xterm" };
    const child = spawn("script", ["-qec", command, "/dev/null"], { env: environment });
    const output = stripVTControlCharacters(await text(child.stdout));
    assert.deepEqual(
      output.split(/\r?\n/).filter((line) => line.length > 72),
      [],
    );
    assert.match(output, /^60 Ingresses, 50 hosts\r?$/m);
  });

  test("Output that is not a terminal has no colors, unless FORCE_COLOR is set", async () => {
    const escapeSequence = /\u001b\[/;
    const runSummary = (environment: Readonly<Record<string, string>>) =>
      runWithInput(["lint", FOLDER, "--summary"], "", environment);
    assert.doesNotMatch((await runSummary({})).out, escapeSequence);
    assert.match((await runSummary({ FORCE_COLOR: "1" })).out, escapeSequence);
    assert.doesNotMatch((await runSummary({ FORCE_COLOR: "1", NO_COLOR: "1" })).out, escapeSequence);
  });
});
