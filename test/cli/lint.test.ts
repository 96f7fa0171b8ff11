import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildIngressList, NGINX } from "../support/cli/lint.ts";
import { lintToJson, runWithInput, withFolder } from "../support/cli/lint-command.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures", import.meta.url));
const clean = JSON.stringify(buildIngressList([{ annotations: { [`${NGINX}ssl-redirect`]: "false" } }]));
const closing = JSON.stringify(buildIngressList([{ annotations: { [`${NGINX}server-snippet`]: "return 200;" } }]));
const differing = JSON.stringify(buildIngressList([{ annotations: { [`${NGINX}limit-rate`]: "5" } }]));

describe("edgress lint", () => {
  test("edgress lint reads standard input, and exits with 0 if every route is served", async () => {
    const { code, out } = await runWithInput(["lint", "-"], clean);
    assert.equal(code, 0);
    assert.match(out, /^1 Ingress, 1 host\n/);
    assert.match(out, /\nFindings: 0 errors, 0 unsupported, 0 different, 0 notes, 1 unchanged\n/);
    assert.match(out, /\nshop\.example\.com {2}now {6}1\n/);
  });

  test("edgress lint exits with 1 if a route fails closed", async () => {
    const { code, report } = await lintToJson(["-"], closing);
    assert.equal(code, 1);
    assert.equal(report.findings[0]?.source, "stdin:1");
  });

  test("edgress lint reads passwords without an encryption key", async () => {
    const { code, error } = await runWithInput([
      "lint",
      join(FIXTURES, "basic-auth"),
      "--from",
      "edgress",
      "--watch-ingress-without-class",
    ]);
    assert.equal(error, "");
    assert.notEqual(code, 2);
  });

  test("edgress lint exits with 1 for an invalid file, and names the line", async () => {
    const { code, report } = await lintToJson(["-"], "kind: Ingress\n  spec: {");
    assert.equal(code, 1);
    assert.deepEqual([report.findings[0]?.rule, report.findings[0]?.source], ["InvalidManifest", "stdin:1"]);
  });

  test("edgress lint reads several folders and files as one cluster", async () => {
    const { items } = buildIngressList([{}]);
    await withFolder({ "service.json": JSON.stringify(items[0]) }, (services) =>
      withFolder({ "ingress.json": JSON.stringify(items[1]) }, async (ingresses) => {
        const alone = await lintToJson([ingresses]);
        assert.deepEqual(alone.report.uncheckedObjects, [{ kind: "Service", namespace: "default", name: "shop" }]);
        const both = await lintToJson([join(ingresses, "ingress.json"), services]);
        assert.deepEqual([both.code, both.report.uncheckedObjects], [0, []]);
      }),
    );
  });
});

describe("exit codes of edgress lint", () => {
  for (const [input, failOn, expected] of [
    [closing, "error", 1],
    [closing, "never", 0],
    [differing, "error", 0],
    [differing, "warning", 1],
    [clean, "warning", 0],
  ] as const) {
    test(`edgress lint --fail-on ${failOn} exits with ${expected} for ${input === closing ? "an error" : input === differing ? "an unsupported annotation" : "no difference"}`, async () => {
      assert.equal((await runWithInput(["lint", "-", "--fail-on", failOn], input)).code, expected);
    });
  }

  for (const [sentence, given, message] of [
    [
      "a folder that does not exist",
      ["lint", "nowhere"],
      "path is not readable: nowhere. Check it, or use - for standard input",
    ],
    ["no path", ["lint"], "path missing. Name a folder or a file, use - for standard input, or use --live"],
    [
      "an unknown format",
      ["lint", "-", "--format", "yaml"],
      "option '--format <format>' argument 'yaml' is invalid. Allowed choices are text, json, markdown, html, sarif, junit.",
    ],
    [
      "a summary as JSON",
      ["lint", "-", "--summary", "--format", "json"],
      "--summary conflicts with --format json. Set one of them",
    ],
    [
      "a baseline that does not exist",
      ["lint", "-", "--baseline", "nowhere.json"],
      "baseline is not readable: nowhere.json. Create it with --write-baseline",
    ],
    [
      "permits that do not exist",
      ["lint", "-", "--permits", "nowhere.yaml"],
      "permits are invalid: nowhere.yaml is not readable: Error: ENOENT: no such file or directory, open 'nowhere.yaml'",
    ],
    ["an unknown option", ["lint", "-", "--yaml"], "unknown option '--yaml'"],
    ["an unknown command", ["lnt"], "unknown command 'lnt' (Did you mean lint?)"],
    [
      "manifests without an Ingress and HTTPRoute",
      ["lint", "-"],
      "Ingress or HTTPRoute not found in -. Check the path",
    ],
  ] as const) {
    test(`edgress lint exits with 2 and one line for ${sentence}`, async () => {
      const { code, out, error } = await runWithInput(given);
      assert.deepEqual([code, out, error], [2, "", `edgress: ${message}\n`]);
    });
  }

  test("edgress prints its version and its commands", async () => {
    assert.match((await runWithInput(["--version"])).out, /^\d+\.\d+\.\d+\n$/);
    const { code, out } = await runWithInput(["--help"]);
    assert.equal(code, 0);
    for (const command of ["dev", "explain", "lint", "publish", "keys"])
      assert.match(out, new RegExp(`\\n  ${command}`));
  });
});
