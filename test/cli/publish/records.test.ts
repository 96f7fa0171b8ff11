import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startPublishFolder } from "../../support/cli/publish-folder.ts";
import { INGRESS_CLASS } from "../../support/controller/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../../support/manifests.ts";
import { ageGenerations } from "../../support/publish/age-generations.ts";

const { keys, kv, account, write, publish } = await startPublishFolder();
const SHOP = buildIngressManifest("shop", "shop.example.com", { "/": "web" });

async function publishAddress(address: string): Promise<string> {
  await write(INGRESS_CLASS, buildServiceManifest("web", [address]), SHOP);
  const { code, stdout } = await publish();
  assert.equal(code, 0, stdout);
  return stdout;
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
    ageGenerations(kv, keys.privateKey, 59);
    await publishAddress("203.0.113.11");
    assert.deepEqual(listAddresses(), ["203.0.113.10", "203.0.113.11"]);
  });

  test("A later run removes it, even if no rule changes", async () => {
    ageGenerations(kv, keys.privateKey, 2);
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
    ageGenerations(kv, keys.privateKey, 61);
    await publishAddress("203.0.113.12");
    assert.deepEqual(listAddresses(), ["203.0.113.12"]);
  });
});
