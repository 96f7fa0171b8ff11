import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { parse } from "yaml";
import { locateFiles, prepareFolder, writePrivateFile } from "../../sync/setup/folder.ts";
import { formatSecretManifest, readSecretNamespace } from "../../sync/setup/keys/secret-manifest.ts";
import { parseVariables, readVariables, writeVariables } from "../../sync/setup/keys/variable-file.ts";
import { createSettings, readSettings, writeSettings } from "../../sync/setup/settings.ts";

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "edgress-setup-"));
after(() => rm(folder, { recursive: true }));
const files = locateFiles(join(folder, ".edgress"), "production");

const VARIABLES = {
  CLOUDFLARE_ACCOUNT_ID: "0123",
  CLOUDFLARE_API_TOKEN: "token",
  EDGRESS_SIGNING_KEY: "MC4CAQ+/==",
  CLOUDFLARE_BASE_URL: "http://127.0.0.1:8787/client/v4",
};

test("The file of the controller's variables is readable for its owner only, and a shell reads it", async () => {
  await writeVariables(files.controllerVariables, VARIABLES);
  assert.equal((await stat(files.controllerVariables)).mode & 0o777, 0o600);
  assert.deepEqual(await readVariables(files.controllerVariables), VARIABLES);
  const command = `set -a && . '${files.controllerVariables}' && printenv EDGRESS_SIGNING_KEY CLOUDFLARE_BASE_URL`;
  const { stdout } = await run("sh", ["-c", command]);
  assert.equal(stdout, "MC4CAQ+/==\nhttp://127.0.0.1:8787/client/v4\n");
});

test("A file that others may read is replaced with one that only its owner may read", async () => {
  const path = join(folder, "open.env");
  await run("sh", ["-c", `echo old > '${path}' && chmod 644 '${path}'`]);
  await writePrivateFile(path, "new\n");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith("open.env")),
    ["open.env"],
  );
});

test("Quoted and exported values are read, and comments are not", () => {
  assert.deepEqual(parseVariables("# no\nexport A='1=2'\nB=\"x\"\n\nc=3\n"), { A: "1=2", B: "x" });
});

test("Git ignores everything in the folder of a set-up", async () => {
  await prepareFolder(files);
  await run("git", ["init", "-q", folder]);
  const { stdout } = await run("git", ["-C", folder, "status", "--porcelain", "--untracked-files=all"]);
  assert.ok(!stdout.includes(".edgress"), stdout);
});

test("A folder with a .gitignore of its own is not used", async () => {
  const used = locateFiles(join(folder, "used"), "production");
  await writePrivateFile(used.gitignore, "dist/\n");
  await assert.rejects(prepareFolder(used), /^Error: folder has another use: .*\/used has a \.gitignore\. Choose /);
});

test("The Secret has the mounted variables and no others", () => {
  const manifest = formatSecretManifest({ ...VARIABLES, EDGRESS_VERIFYING_KEY: "a,b" }, "ingress");
  assert.deepEqual(parse(manifest), {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "edgress", namespace: "ingress" },
    type: "Opaque",
    stringData: {
      CLOUDFLARE_ACCOUNT_ID: "0123",
      CLOUDFLARE_API_TOKEN: "token",
      EDGRESS_SIGNING_KEY: "MC4CAQ+/==",
      EDGRESS_VERIFYING_KEY: "a,b",
    },
  });
  assert.equal(readSecretNamespace(manifest), "ingress");
});

test("Settings are read as they were written, and a damaged file is named", async () => {
  const settings = createSettings("0123", "edgress-staging");
  await writeSettings(files.folder, "staging", settings);
  assert.deepEqual(await readSettings(files.folder, "staging"), settings);
  assert.equal(await readSettings(files.folder, "production"), undefined);
  await writePrivateFile(locateFiles(files.folder, "staging").settings, "{");
  await assert.rejects(
    readSettings(files.folder, "staging"),
    /^Error: settings file is invalid: .*staging\/settings\.json /,
  );
});
