import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { stringify } from "yaml";
import { startPublishFolder } from "../../support/cli/publish-folder.ts";
import { INGRESS_CLASS } from "../../support/controller/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest, withNginxPrefix } from "../../support/manifests.ts";

const { write, publish } = await startPublishFolder();
const secretsFolder = await mkdtemp(join(tmpdir(), "edgress-secrets-"));
after(() => rm(secretsFolder, { recursive: true }));

const AUTHORIZATION = withNginxPrefix({ "auth-type": "basic", "auth-secret": "users" });
const GUARDED = buildIngressManifest("admin", "admin.example.com", { "/": "web" }, AUTHORIZATION);
const USERS = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "users" },
  stringData: { auth: "a:{SHA}qvTGHdzF6KLavt4PO0gs2a6pQ00=" },
};

describe("edgress publish with Secrets outside its folder", () => {
  test("A path that is closed without its Secret is listed, and the exit code is 1", async () => {
    await write(INGRESS_CLASS, buildServiceManifest("web", ["203.0.113.10"]), GUARDED);
    const { code, stdout } = await publish(["--dry-run"]);
    assert.match(stdout, /^! route admin\.example\.com prefix \/ of default\/admin returns 503: .*Secret.*users.*$/m);
    assert.equal(code, 1);
  });

  test("A second folder adds the Secret", async () => {
    await writeFile(join(secretsFolder, "users.yaml"), stringify(USERS));
    const { code, stdout } = await publish(["--manifests", secretsFolder, "--dry-run"]);
    assert.doesNotMatch(stdout, /^!|^error/m);
    assert.equal(code, 2);
    assert.equal((await publish(["--manifests", secretsFolder])).code, 0);
  });

  test("An unchanged Secret is no change, and a changed one changes its route", async () => {
    const unchanged = await publish(["--manifests", secretsFolder, "--dry-run"]);
    assert.deepEqual(
      [unchanged.code, unchanged.stdout],
      [0, "nothing to change: 1 host with 1 route; generation 1 is active\n"],
    );
    await writeFile(
      join(secretsFolder, "users.yaml"),
      stringify({ ...USERS, stringData: { auth: "b:{SHA}qvTGHdzF6KLavt4PO0gs2a6pQ00=" } }),
    );
    const { code, stdout } = await publish(["--manifests", secretsFolder, "--dry-run"]);
    assert.match(stdout, /^~ route admin\.example\.com prefix \/ of default\/admin$/m);
    assert.equal(code, 2);
  });

  test("A syntax error names the folder of its file", async () => {
    await writeFile(join(secretsFolder, "users.yaml"), 'kind: "Secret\n');
    const { code, stdout } = await publish(["--manifests", secretsFolder]);
    assert.ok(stdout.startsWith(`error ${secretsFolder}/users.yaml:`), stdout);
    assert.equal(code, 1);
  });
});
