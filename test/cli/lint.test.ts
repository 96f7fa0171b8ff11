import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Finding } from "../../sync/lint/findings/finding.ts";
import { buildIngressList, NGINX } from "../support/cli/lint.ts";

const CLI = fileURLToPath(new URL("../../sync/cli.ts", import.meta.url));
const FIXTURES = fileURLToPath(new URL("../fixtures", import.meta.url));

describe("edgress lint", () => {
  const clean = JSON.stringify(buildIngressList([{ annotations: { [`${NGINX}ssl-redirect`]: "false" } }]));
  const closing = JSON.stringify(buildIngressList([{ annotations: { [`${NGINX}server-snippet`]: "return 200;" } }]));
  const all = "--watch-ingress-without-class";

  test("edgress lint reads standard input, and exits with 0 if every route is served", async () => {
    const { code, out } = await runLint(["lint", "-", all], clean);
    assert.equal(code, 0);
    assert.match(out, /1 object: 0 error/);
  });

  test("edgress lint exits with 1 if a route fails closed", async () => {
    const { code, out } = await runLint(["lint", "-", all, "--json"], closing);
    assert.equal(code, 1);
    const findings = JSON.parse(out) as Finding[];
    assert.equal(findings[0]?.source, "stdin:1");
  });

  test("edgress lint reads passwords without an encryption key", async () => {
    const { code, out, error } = await runLint(["lint", join(FIXTURES, "basic-auth"), all], "");
    assert.equal(error, "");
    assert.match(out, /object/);
    assert.notEqual(code, 2);
  });

  test("edgress lint exits with 1 for an invalid file, and names the line", async () => {
    const { code, out } = await runLint(["lint", "-", all, "--json"], "kind: Ingress\n  spec: {");
    assert.equal(code, 1);
    assert.equal((JSON.parse(out) as Finding[])[0]?.rule, "InvalidManifest");
  });

  test("edgress lint reads a folder, and prints the paths of its files relative to the working directory", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lint-"));
    await writeFile(join(folder, "shop.json"), closing);
    const { code, out } = await runLint(["lint", folder, all, "--sarif"], "");
    await rm(folder, { recursive: true });
    assert.equal(code, 1);
    assert.ok(out.includes(`"uri": "${folder}/shop.json"`));
  });

  for (const [sentence, given] of [
    ["a folder that is not there", ["lint", "nowhere"]],
    ["no folder", ["lint"]],
    ["two formats at once", ["lint", "-", "--json", "--junit"]],
    ["an option that there is none of", ["lint", "-", "--yaml"]],
    ["a command that there is none of", ["lnt"]],
  ] as const) {
    test(`edgress lint exits with 2 and one line for ${sentence}`, async () => {
      const { code, out, error } = await runLint(given, "");
      assert.equal(code, 2);
      assert.equal(out, "");
      assert.match(error, /^edgress: [^\n]+\n$/);
    });
  }

  test("edgress lint reports Ingresses of another class on standard error", async () => {
    const { code, error } = await runLint(["lint", "-"], clean);
    assert.equal(code, 0);
    assert.match(error, /1 of 1 Ingresses have another class/);
  });

  test("edgress prints its version and its commands", async () => {
    assert.match((await runLint(["--version"], "")).out, /^\d+\.\d+\.\d+\n$/);
    const { code, out } = await runLint(["--help"], "");
    assert.equal(code, 0);
    for (const command of ["dev", "explain", "lint", "publish", "keys"])
      assert.match(out, new RegExp(`\\n  ${command}`));
  });
});

async function runLint(given: readonly string[], input: string) {
  const child = spawn(process.execPath, [CLI, ...given]);
  child.stdin.end(input);
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: child.exitCode, out, error };
}
