import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { stringify } from "yaml";
import type { LocalAccount } from "../../sync/local/account/account.ts";
import { readPublishedSnapshot } from "../../sync/publish/read-published.ts";
import { createSigner, generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { runEdgress } from "../support/cli/edge-cli.ts";
import { buildEnvironment, startMemoryAccount } from "../support/controller/memory-account.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { MemoryKv } from "../support/memory-kv.ts";

const keys = generateSigningKeys();
const kv = new MemoryKv();
let account: LocalAccount;
let folder: string;

before(async () => {
  account = await startMemoryAccount(["example.com"], kv, () => {});
  folder = await mkdtemp(join(tmpdir(), "edgress-publish-guard-"));
});
after(async () => {
  await account.close();
  await rm(folder, { recursive: true });
});

/** Publishes Ingresses with these names, each with the host of its name. */
async function publishNames(names: readonly string[], ...args: readonly string[]) {
  const ingresses = names.map((name) => buildIngressManifest(name, `${name}.example.com`, { "/": "web" }));
  const objects = [buildServiceManifest("web", ["203.0.113.10"]), ...ingresses];
  await writeFile(join(folder, "all.yaml"), objects.map((object) => stringify(object)).join("---\n"));
  const command = ["publish", "--manifests", folder, "--watch-ingress-without-class", ...args];
  return runEdgress(command, buildEnvironment(account, keys.privateKey));
}

async function listHosts(): Promise<string[]> {
  const { hosts } = await readPublishedSnapshot(kv, createSigner(keys.privateKey));
  return hosts.map(({ host }) => host.replace(".example.com", "")).toSorted();
}

describe("edgress publish and a mass deletion", () => {
  test("A folder that lost most of its files cannot remove the hosts, and its new host is published", async () => {
    assert.equal((await publishNames(["a", "b", "c"])).code, 0);
    const { code, stdout } = await publishNames(["a", "new"]);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^error deletion blocked: 2 of 3 routes of 2 Ingresses would be removed; the limit is 20 % per sync \(namespace default\)\. Review it, then use --allow-mass-deletion$/m,
    );
    assert.match(stdout, /^ {2}host b\.example\.com$/m);
    assert.deepEqual(await listHosts(), ["a", "b", "c", "new"]);
  });

  test("The hosts are removed with --allow-mass-deletion", async () => {
    assert.equal((await publishNames(["a", "new"], "--allow-mass-deletion")).code, 0);
    assert.deepEqual(await listHosts(), ["a", "new"]);
  });
});
