import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startPublishFolder } from "../../support/cli/publish-folder.ts";
import { buildIngressManifest, buildServiceManifest } from "../../support/manifests.ts";

const { write, publish, listHosts } = await startPublishFolder();

/** Publishes Ingresses with these names, each with the host of its name. */
async function publishNames(names: readonly string[], ...args: readonly string[]) {
  const ingresses = names.map((name) => buildIngressManifest(name, `${name}.example.com`, { "/": "web" }));
  await write(buildServiceManifest("web", ["203.0.113.10"]), ...ingresses);
  return publish(args);
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
    assert.deepEqual(await listHosts(), ["a.example.com", "b.example.com", "c.example.com", "new.example.com"]);
  });

  test("The hosts are removed with --allow-mass-deletion", async () => {
    assert.equal((await publishNames(["a", "new"], "--allow-mass-deletion")).code, 0);
    assert.deepEqual(await listHosts(), ["a.example.com", "new.example.com"]);
  });
});
