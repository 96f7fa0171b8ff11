import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withHarness } from "../support/controller/controller-harness.ts";
import { WEB_SERVICE } from "../support/controller/published-ingresses.ts";
import { buildIngressManifest, withNginxPrefix } from "../support/manifests.ts";

const EDGE = [{ hostname: "edge.example.com" }];
const SHOP = buildIngressManifest("shop", "shop.example.com", { "/": "web" });

describe("The status of an Ingress whose paths return 503", () => {
  test(
    "A new Ingress without its Service gets an Event and no address, so external-dns cannot move its host to a 503",
    withHarness(async (harness) => {
      harness.apply(SHOP);
      const controller = await harness.start();
      await harness.waitForRoutes("shop.example.com / -> 503 Service not found: default/web");
      await harness.waitForEvent("ClosedIngress Ingress default/shop");
      await controller.sync();
      assert.deepEqual(harness.readStatus("shop"), { addresses: [], live: undefined });

      harness.apply(WEB_SERVICE);
      await harness.waitUntilLive("shop");
      assert.deepEqual(harness.readStatus("shop"), { addresses: EDGE, live: "2" });
    }),
  );

  test(
    "The status of another controller stays while its host is closed at the edge",
    withHarness(async (harness) => {
      const annotations = withNginxPrefix({ "auth-type": "basic", "auth-secret": "missing" });
      const guarded = buildIngressManifest("shop", "shop.example.com", { "/": "web" }, annotations);
      harness.apply(WEB_SERVICE, { ...guarded, status: { loadBalancer: { ingress: [{ ip: "198.51.100.7" }] } } });
      const controller = await harness.start();
      await harness.waitForEvent("ClosedIngress Ingress default/shop");
      await controller.sync();
      assert.deepEqual(harness.readStatus("shop"), { addresses: [{ ip: "198.51.100.7" }], live: undefined });
    }),
  );

  test(
    "An Ingress with one open path of two has an address",
    withHarness(async (harness) => {
      harness.apply(WEB_SERVICE, buildIngressManifest("shop", "shop.example.com", { "/": "web", "/old": "gone" }));
      await harness.start();
      await harness.waitUntilLive("shop");
      assert.deepEqual(harness.readStatus("shop").addresses, EDGE);
      assert.ok(!harness.events().includes("ClosedIngress Ingress default/shop"));
    }),
  );

  test(
    "A redirect without a Service serves, so its Ingress has an address",
    withHarness(async (harness) => {
      const annotations = withNginxPrefix({ "permanent-redirect": "https://www.example.com" });
      harness.apply(buildIngressManifest("shop", "shop.example.com", { "/": "web" }, annotations));
      await harness.start();
      await harness.waitUntilLive("shop");
      assert.deepEqual(harness.readStatus("shop").addresses, EDGE);
    }),
  );

  test(
    "An Ingress that was served keeps its address when its Service is deleted, and its old generation",
    withHarness(async (harness) => {
      harness.apply(WEB_SERVICE, SHOP);
      const controller = await harness.start();
      await harness.waitUntilLive("shop");
      harness.server.remove("Service", "default", "web");
      await harness.waitForEvent("ClosedIngress Ingress default/shop");
      await controller.sync();
      assert.deepEqual(harness.readStatus("shop"), { addresses: EDGE, live: "1" });
    }),
  );
});
