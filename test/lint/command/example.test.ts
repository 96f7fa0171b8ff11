import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { CLI_ENTRY, EXAMPLES, NODE } from "../../support/cli/edge-cli.ts";
import { runWithInput } from "../../support/cli/lint-command.ts";

const hasScript = spawnSync("script", ["--version"]).status === 0;
const SUMMARY = `60 Ingresses, 50 hosts

  can move now           0 hosts    0 Ingresses
  after one change      39 hosts   49 Ingresses
  after more changes     9 hosts    9 Ingresses
  cannot move            2 hosts    2 Ingresses

CAUSE                                                           HOSTS    OBJECTS
The Service has no external address                                50         60
Cloudflare does not proxy the Service's port                        6          6
backend-protocol: closes its paths                                  1          1
enable-modsecurity: closes its paths                                1          1
enable-owasp-core-rules: closes its paths                           1          1
proxy-ssl-secret: closes its paths                                  1          1
proxy-ssl-verify: closes its paths                                  1          1
and 3 more causes

Do first: set type: LoadBalancer in the Service, and wait for its address. One
  address carries up to 13 Services: 7 http and 6 https ports
  It blocks 50 hosts, 39 hosts can move after it (NoExternalAddress).
  --write-services DIR writes the Services to apply.
Not checked: 2 Secrets, assumed to exist. --live checks them
Findings: 82 errors, 1 unsupported, 58 different, 65 notes, 12 unchanged
`;

const FOLDER = join(EXAMPLES, "ingress-nginx-migration");
/** The time that a reader accepts, times the number of tests that share a processor. */
const MAX_MS = 3000 * 4;

describe("edgress lint of 60 Ingresses", () => {
  test("The summary of 60 Ingresses fits on a screen of 24 lines and 80 columns, and names the first step", async () => {
    const startedAt = performance.now();
    const { code, out, error } = await runWithInput(["lint", FOLDER, "--summary"], "", { COLUMNS: "80" });
    assert.ok(performance.now() - startedAt < MAX_MS, `${performance.now() - startedAt} ms`);
    assert.deepEqual([code, error], [1, ""]);
    assert.equal(out, SUMMARY);
    const lines = SUMMARY.trimEnd().split("\n");
    assert.ok(lines.length <= 23, `${lines.length} lines`); // the prompt is the last line of the screen
    assert.ok(lines.every((line) => line.length <= 80));
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

describe("edgress lint of examples/gateway", () => {
  test("The example of the Gateway API has no error and no difference", async () => {
    const { code, out } = await runWithInput(["lint", join(EXAMPLES, "gateway"), "--fail-on", "warning", "--summary"]);
    assert.deepEqual(
      [code, out.split("\n")[0], out.split("\n").at(-2)],
      [
        0,
        "1 HTTPRoute, 1 Gateway, 1 GatewayClass, 1 host",
        "Findings: 0 errors, 0 unsupported, 0 different, 3 notes, 1 unchanged",
      ],
    );
  });
});
