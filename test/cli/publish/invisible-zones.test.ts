import assert from "node:assert/strict";
import { test } from "node:test";
import { startPublishFolder } from "../../support/cli/publish-folder.ts";
import { INGRESS_CLASS } from "../../support/controller/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../../support/manifests.ts";
import { ageGenerations } from "../../support/publish/age-generations.ts";

const { keys, kv, account, write, publish } = await startPublishFolder(["example.com", "example.net"]);
const contents = (zone: string) => account.records(zone).map(({ content }) => content);
const NET = buildIngressManifest("net", "shop.example.net", { "/": "net" });

test("A token for one zone never removes a record in another zone, and another token repairs the rest", async () => {
  const com = buildIngressManifest("com", "shop.example.com", { "/": "com" });
  const services = [buildServiceManifest("com", ["203.0.113.10"]), buildServiceManifest("net", ["203.0.113.20"])];
  await write(INGRESS_CLASS, ...services, com, NET);
  assert.equal((await publish()).code, 0);
  assert.deepEqual([contents("example.com"), contents("example.net")], [["203.0.113.10"], ["203.0.113.20"]]);

  account.tokens.add({ value: "net-only", zones: ["example.net"] });
  await write(INGRESS_CLASS, buildServiceManifest("net", ["203.0.113.21"]), NET);
  const publishAsNetOnly = () => publish([], { CLOUDFLARE_API_TOKEN: "net-only" });
  assert.equal((await publishAsNetOnly()).code, 0);
  ageGenerations(kv, keys.privateKey, 61);
  assert.equal((await publishAsNetOnly()).code, 0);
  assert.deepEqual([contents("example.com"), contents("example.net")], [["203.0.113.10"], ["203.0.113.21"]]);

  assert.equal((await publish()).code, 0);
  assert.deepEqual([contents("example.com"), contents("example.net")], [[], ["203.0.113.21"]]);
});
