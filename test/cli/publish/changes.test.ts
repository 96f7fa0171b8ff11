import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startPublishFolder } from "../../support/cli/publish-folder.ts";
import { INGRESS_CLASS } from "../../support/controller/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../../support/manifests.ts";

const { write, publish, countWrites } = await startPublishFolder();
const WEB = buildServiceManifest("web", ["203.0.113.10"]);
const SHOP = buildIngressManifest("shop", "shop.example.com", { "/": "web", "/cart": "web" });
const BLOG = buildIngressManifest("blog", "blog.example.com", { "/": "web" });

function withoutDigests(text: string): string[] {
  return text
    .trimEnd()
    .replace(/edgress-[0-9a-f]{24}/g, "edgress-…")
    .replace(/digest=[0-9a-f]{64}/, "digest=…")
    .split("\n");
}

describe("The changes of edgress publish", () => {
  test("A dry run prints the changes, writes nothing and exits with 2", async () => {
    await write(INGRESS_CLASS, WEB, SHOP);
    const { code, stdout, stderr } = await publish(["--dry-run"]);
    assert.deepEqual(withoutDigests(stdout), [
      "+ host shop.example.com",
      "+ Ingress default/shop",
      "+ route shop.example.com prefix / of default/shop",
      "+ route shop.example.com prefix /cart of default/shop",
      "+ DNS record edgress-….example.com A 203.0.113.10",
      "changes: hosts +1 ~0 -0, Ingresses +1 ~0 -0, routes +2 ~0 -0, DNS records +1 ~0 -0",
      "would publish 1 host with 2 routes; generation 0 is active",
    ]);
    assert.deepEqual([code, stderr, countWrites()], [2, "", 0]);
  });

  test("A publication prints the same changes", async () => {
    const { code, stdout } = await publish();
    assert.deepEqual(withoutDigests(stdout).slice(-3), [
      "+ DNS record edgress-….example.com A 203.0.113.10",
      "changes: hosts +1 ~0 -0, Ingresses +1 ~0 -0, routes +2 ~0 -0, DNS records +1 ~0 -0",
      "published generation=1 digest=… writes=4",
    ]);
    assert.equal(code, 0);
  });

  test("A dry run without changes exits with 0", async () => {
    const { code, stdout } = await publish(["--dry-run"]);
    assert.equal(stdout, "nothing to change: 1 host with 2 routes; generation 1 is active\n");
    assert.equal(code, 0);
  });

  test("A changed setting, a new and a removed path have their own signs", async () => {
    const annotations = { "nginx.ingress.kubernetes.io/proxy-body-size": "1m" };
    await write(
      INGRESS_CLASS,
      WEB,
      BLOG,
      buildIngressManifest("shop", "shop.example.com", { "/": "web", "/help": "web" }, annotations),
    );
    const { code, stdout } = await publish();
    assert.deepEqual(withoutDigests(stdout), [
      "+ host blog.example.com",
      "~ host shop.example.com",
      "+ Ingress default/blog",
      "~ Ingress default/shop",
      "+ route blog.example.com prefix / of default/blog",
      "+ route shop.example.com prefix /help of default/shop",
      "~ route shop.example.com prefix / of default/shop",
      "- route shop.example.com prefix /cart of default/shop",
      "changes: hosts +1 ~1 -0, Ingresses +1 ~1 -0, routes +2 ~1 -1, DNS records +0 ~0 -0",
      "published generation=2 digest=… writes=4",
    ]);
    assert.equal(code, 0);
  });

  test("A long list is folded", async () => {
    const names = Array.from({ length: 13 }, (_, index) => `host-${String(index).padStart(2, "0")}`);
    await write(
      INGRESS_CLASS,
      WEB,
      SHOP,
      BLOG,
      ...names.map((name) => buildIngressManifest(name, `${name}.example.com`, { "/": "web" })),
    );
    const { stdout } = await publish(["--dry-run"]);
    const hostLines = withoutDigests(stdout).filter((line) => /^\+ (host|… and \d+ more hosts)/.test(line));
    assert.deepEqual(hostLines.slice(-2), ["+ host host-09.example.com", "+ … and 3 more hosts"]);
    assert.equal(hostLines.length, 11);
  });

  test("JSON has every name", async () => {
    const { code, stdout } = await publish(["--dry-run", "--format", "json"]);
    const { result, generation, changes } = JSON.parse(stdout);
    assert.deepEqual([code, result, generation, changes.hosts.added.length], [2, "would-change", 2, 13]);
    assert.deepEqual(changes.hosts.changed, ["shop.example.com"]);
    const published = JSON.parse((await publish(["--format", "json"])).stdout);
    assert.deepEqual([published.result, published.generation, published.changes], ["published", 3, changes]);
  });

  test("A dry run without a required variable exits with 1, because 2 means changes", async () => {
    const { code, stderr } = await publish(["--dry-run"], { EDGRESS_SIGNING_KEY: "" });
    assert.match(stderr, /^edgress: the environment variable EDGRESS_SIGNING_KEY is not set: .+\n$/);
    assert.equal(code, 1);
  });
});
