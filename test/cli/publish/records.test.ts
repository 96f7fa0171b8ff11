import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Manifest } from "../../../src/rules/snapshot.ts";
import { toCanonicalJson } from "../../../sync/publish/canonical-json.ts";
import { createSigner } from "../../../sync/publish/sign-manifest.ts";
import { startPublishFolder } from "../../support/cli/publish-folder.ts";
import { INGRESS_CLASS } from "../../support/controller/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../../support/manifests.ts";

const { keys, kv, account, write, publish } = await startPublishFolder();
const SHOP = buildIngressManifest("shop", "shop.example.com", { "/": "web" });

async function publishAddress(address: string): Promise<string> {
  await write(INGRESS_CLASS, buildServiceManifest("web", [address]), SHOP);
  const { code, stdout } = await publish();
  assert.equal(code, 0, stdout);
  return stdout;
}

/** Makes every generation in KV older. */
function ageGenerations(minutes: number): void {
  const signer = createSigner(keys.privateKey);
  for (const [key, value] of kv.values) {
    if (key !== "current" && !key.startsWith("generation/")) continue;
    const manifest = JSON.parse(signer.verify(value) ?? "{}") as Manifest;
    const publishedAt = new Date(Date.parse(manifest.publishedAt) - minutes * 60_000).toISOString();
    kv.values.set(key, signer.sign(toCanonicalJson({ ...manifest, publishedAt })));
  }
}

function listAddresses(): string[] {
  return account
    .records("example.com")
    .map(({ content }) => content)
    .toSorted();
}

describe("DNS records that edgress publish no longer needs", () => {
  test("A record stays while edges may serve an older generation, and is one line in the output", async () => {
    await publishAddress("203.0.113.10");
    const stdout = await publishAddress("203.0.113.11");
    assert.match(
      stdout,
      /^note 1 DNS record is not needed by any rule: edgress-[0-9a-f]{24}\.example\.com\. The first run after 1 h removes it$/m,
    );
    assert.deepEqual(listAddresses(), ["203.0.113.10", "203.0.113.11"]);
  });

  test("A record stays for one hour after the generation that no longer needs it", async () => {
    ageGenerations(59);
    await publishAddress("203.0.113.11");
    assert.deepEqual(listAddresses(), ["203.0.113.10", "203.0.113.11"]);
  });

  test("A later run removes it, even if no rule changes", async () => {
    ageGenerations(2);
    const stdout = await publishAddress("203.0.113.11");
    assert.match(stdout, /^- DNS record edgress-[0-9a-f]{24}\.example\.com A 203\.0\.113\.10$/m);
    assert.match(stdout, /^unchanged generation=2 /m);
    assert.deepEqual(listAddresses(), ["203.0.113.11"]);
  });

  test("No record is removed while the generation before the last hour is unreadable", async () => {
    await publishAddress("203.0.113.12");
    const value = kv.values.get("generation/2") ?? "";
    kv.values.set("generation/2", "{}");
    kv.values.delete("generation/1");
    await publishAddress("203.0.113.12");
    assert.deepEqual(listAddresses(), ["203.0.113.11", "203.0.113.12"]);
    kv.values.set("generation/2", value);
    ageGenerations(61);
    await publishAddress("203.0.113.12");
    assert.deepEqual(listAddresses(), ["203.0.113.12"]);
  });
});
