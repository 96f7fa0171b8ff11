import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withHarness } from "../support/controller/controller-harness.ts";
import { WEB_SERVICE } from "../support/controller/published-ingresses.ts";
import { buildIngressManifest } from "../support/manifests.ts";

function buildIngressOfClass(name: string, ingressClassName: string | undefined) {
  const ingress = buildIngressManifest(name, `${name}.example.com`, { "/": "web" });
  return { ...ingress, spec: { ...ingress.spec, ingressClassName } };
}

const NGINX_CLASS = {
  apiVersion: "networking.k8s.io/v1",
  kind: "IngressClass",
  metadata: { name: "nginx" },
  spec: { controller: "k8s.io/ingress-nginx" },
};

describe("Ingresses of other classes", () => {
  test(
    "Ignored Ingresses are counted by reason and named in one log line until they change",
    withHarness(async (harness) => {
      harness.apply(WEB_SERVICE, NGINX_CLASS, buildIngressOfClass("shop", "edgress"));
      harness.apply(buildIngressOfClass("old", "nginx"), buildIngressOfClass("traefik", "traefik"));
      harness.apply(buildIngressOfClass("none", undefined));
      const controller = await harness.start();
      await harness.waitUntilLive("shop");
      await controller.sync();
      const metrics = (await controller.exposition())
        .split("\n")
        .filter((line) => line.startsWith("edgress_ingresses{"));
      assert.deepEqual(metrics.toSorted(), [
        'edgress_ingresses{selection="no-class"} 1',
        'edgress_ingresses{selection="other-class"} 1',
        'edgress_ingresses{selection="other-controller"} 1',
        'edgress_ingresses{selection="selected"} 1',
      ]);
      const readIgnored = () => controller.lines.filter((line) => line.includes("ignored ingresses="));
      assert.equal(readIgnored().length, 1);
      assert.match(
        readIgnored()[0] ?? "",
        /ignored ingresses=3: 1 Ingress without a class is ignored: default\/none\. /,
      );

      harness.server.remove("Ingress", "default", "traefik");
      await controller.waitForLog(/ignored ingresses=2: /);
      await controller.sync();
      assert.equal(readIgnored().length, 2);
    }),
  );

  test(
    "An Ingress with a misspelled class gets an Event and no other write",
    withHarness(async (harness) => {
      harness.apply(buildIngressOfClass("shop", "edgerss"), buildIngressOfClass("old", "nginx"));
      const controller = await harness.start();
      await harness.waitForEvent("MisspelledIngressClass Ingress default/shop");
      await controller.sync();
      assert.deepEqual(harness.clusterWrites(), ["POST namespaces/default/events"]);
    }),
  );

  test(
    "An Ingress of a similar class with an IngressClass object gets no Event",
    withHarness(async (harness) => {
      const otherClass = { ...NGINX_CLASS, metadata: { name: "edgress2" } };
      const similarClass = { ...NGINX_CLASS, metadata: { name: "egress" } };
      harness.apply(
        otherClass,
        similarClass,
        buildIngressOfClass("two", "edgress2"),
        buildIngressOfClass("out", "egress"),
      );
      const controller = await harness.start();
      await controller.waitForLog(/ignored ingresses=2: /);
      await controller.sync();
      assert.deepEqual(harness.events(), []);
    }),
  );
});
