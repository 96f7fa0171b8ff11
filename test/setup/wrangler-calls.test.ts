import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { checkWrangler } from "../../sync/setup/checks/tool-checks.ts";
import { locateFiles } from "../../sync/setup/folder.ts";
import { findWrangler, isAtLeast } from "../../sync/setup/worker/find-wrangler.ts";
import { buildWranglerEnvironment, findErrorLine, spawnWrangler } from "../../sync/setup/worker/run-wrangler.ts";
import { ACCOUNT_ID } from "../support/setup/sample-facts.ts";

const folder = await mkdtemp(join(tmpdir(), "edgress-wrangler-"));
after(() => rm(folder, { recursive: true }));
const files = locateFiles(folder, "production");
const account = { accountId: ACCOUNT_ID, apiToken: "token", baseURL: undefined };

test("Versions are compared by number", () => {
  assert.ok(isAtLeast("4.164.0", "4.36.0"));
  assert.ok(isAtLeast("4.36.0", "4.36.0"));
  assert.ok(!isAtLeast("4.9.1", "4.36.0"));
  assert.ok(!isAtLeast("20.19.0", "22.12"));
});

test("The installed wrangler is found and runs", async () => {
  const wrangler = await findWrangler(process.cwd());
  assert.ok(wrangler);
  assert.equal(checkWrangler(wrangler, process.versions.node).status, "ok");
  const output = await spawnWrangler(wrangler, files, account, { args: ["--version"] });
  assert.ok(output.includes(wrangler.version), output);
});

test("A missing wrangler, an old one and an old Node.js are errors with a remedy", () => {
  const wrangler = { version: "4.164.0", engines: ">=22.12.0", command: ["wrangler"] } as const;
  assert.deepEqual(checkWrangler(undefined, "24.0.0"), {
    name: "wrangler",
    status: "error",
    message: "wrangler not found: it deploys the Worker",
    remedy: "Install it: npm install --save-dev wrangler@4.164.0",
  });
  assert.match(checkWrangler({ ...wrangler, version: "4.9.0" }, "24.0.0").message, /^wrangler is too old: 4\.9\.0$/);
  assert.equal(
    checkWrangler(wrangler, "20.19.0").message,
    "wrangler 4.164.0 needs Node.js 22.12.0 or newer, not 20.19.0",
  );
});

test("A failure of wrangler is one line with its error and the path of the log, which has everything", async () => {
  const script =
    "console.log('progress'); console.error('✘ [ERROR] A request failed.\\n  No access [code: 10000]\\n'); process.exit(1)";
  const wrangler = { version: "4.164.0", engines: undefined, command: [process.execPath, "-e", script] } as const;
  await assert.rejects(
    spawnWrangler(wrangler, files, account, { args: ["--", "deploy"], input: "secret" }),
    new RegExp(
      `wrangler -- deploy failed: A request failed\\. No access \\[code: 10000\\]\\. Log: ${files.wranglerLog}$`,
    ),
  );
  const log = await readFile(files.wranglerLog, "utf8");
  assert.match(log, /progress/);
  assert.ok(!log.includes("secret"));
  assert.equal((await stat(files.wranglerLog)).mode & 0o777, 0o600);
});

test("An output without an error line has no error line", () => {
  assert.equal(findErrorLine("Uploaded edgress\n"), undefined);
});

test("wrangler gets the account's token and no other secret of the environment", () => {
  const environment = {
    PATH: "/bin",
    EDGRESS_SIGNING_KEY: "k",
    CLOUDFLARE_API_KEY: "x",
    HTTPS_PROXY: "p",
    AWS_SECRET: "s",
  };
  assert.deepEqual(buildWranglerEnvironment({ ...account, baseURL: "http://127.0.0.1:1" }, environment), {
    PATH: "/bin",
    HTTPS_PROXY: "p",
    CLOUDFLARE_ACCOUNT_ID: ACCOUNT_ID,
    CLOUDFLARE_API_TOKEN: "token",
    CLOUDFLARE_API_BASE_URL: "http://127.0.0.1:1",
    CI: "true",
    NO_COLOR: "1",
    WRANGLER_SEND_METRICS: "false",
  });
});
