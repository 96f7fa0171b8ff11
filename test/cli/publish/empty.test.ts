import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startPublishFolder } from "../../support/cli/publish-folder.ts";
import { INGRESS_CLASS } from "../../support/controller/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../../support/manifests.ts";

const { folder, write, publish, listHosts, countWrites } = await startPublishFolder();
const WEB = buildServiceManifest("web", ["203.0.113.10"]);
const SHOP = buildIngressManifest("shop", "shop.example.com", { "/": "web" });

function withClass(ingressClassName: string | undefined) {
  return { ...SHOP, spec: { ...SHOP.spec, ingressClassName } };
}

const IGNORED = [
  {
    title: "of another class",
    objects: [withClass("nginx")],
    line: "no Ingress is selected: 1 Ingress of class nginx is ignored. To select such Ingresses, set --ingress-class nginx",
  },
  {
    title: "of an IngressClass with another controller",
    objects: [
      withClass("nginx"),
      {
        apiVersion: "networking.k8s.io/v1",
        kind: "IngressClass",
        metadata: { name: "nginx" },
        spec: { controller: "k8s.io/ingress-nginx" },
      },
    ],
    line: "no Ingress is selected: 1 Ingress of class nginx is ignored. To select such Ingresses, set --controller k8s.io/ingress-nginx",
  },
  {
    title: "without a class",
    objects: [withClass(undefined)],
    line: "no Ingress is selected: 1 Ingress without a class is ignored. To select such Ingresses, set --watch-ingress-without-class",
  },
];

describe("edgress publish without an Ingress of ours", () => {
  for (const { title, objects, line } of IGNORED)
    test(`Ingresses ${title} cannot remove what is published, or publish nothing at first`, async () => {
      await write(WEB, ...objects);
      assert.deepEqual(await publish(), { code: 1, stdout: `nothing was published: ${line}\n`, stderr: "" });
      assert.equal(countWrites(), 0);
    });

  test("An empty folder cannot remove the only host", async () => {
    await write(WEB, SHOP);
    assert.equal((await publish()).code, 0);
    await write(WEB);
    const { code, stdout } = await publish();
    const remedy = "To remove all hosts, use --allow-mass-deletion";
    assert.equal(stdout, `nothing was published: no valid Ingress found in ${folder}. ${remedy}\n`);
    assert.equal(code, 1);
    assert.deepEqual(await listHosts(), ["shop.example.com"]);
  });

  test("A dry run and JSON report the same problem", async () => {
    const { code, stdout } = await publish(["--dry-run", "--format", "json"]);
    const { result, reason } = JSON.parse(stdout);
    assert.deepEqual([code, result], [1, "rejected"]);
    assert.match(reason, /^no valid Ingress found in /);
  });

  test("Ingresses of other classes are listed next to ours", async () => {
    await write(INGRESS_CLASS, WEB, SHOP, { ...withClass("nginx"), metadata: { name: "other" } });
    const { code, stdout } = await publish();
    const [line] = stdout.split("\n");
    assert.equal(
      line,
      "note 1 Ingress of class nginx is ignored: default/other. To select such Ingresses, set --ingress-class nginx",
    );
    assert.equal(code, 0);
  });

  test("An empty folder removes every host with --allow-mass-deletion", async () => {
    await write(WEB);
    const { code, stdout } = await publish(["--allow-mass-deletion"]);
    assert.match(stdout, /^- host shop\.example\.com$/m);
    assert.equal(code, 0);
    assert.deepEqual(await listHosts(), []);
  });
});
