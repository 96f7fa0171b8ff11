import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ControllerHarness, withHarness, withMetadata } from "../support/controller/controller-harness.ts";
import { WEB_SERVICE } from "../support/controller/published-ingresses.ts";
import { buildIngressManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

const PUBLIC_LABELS = { edge: "public" };
const SELECTOR_OPTIONS = { ingressSelector: "edge=public" };
const EMPTY_STATUS = { addresses: [], live: undefined };

const buildShop = (labels: Readonly<Record<string, string>>) =>
  withMetadata(buildIngressManifest("shop", "shop.example.com", { "/": "web" }), { labels });
const blog = withMetadata(buildIngressManifest("blog", "blog.example.com", { "/": "web" }), { labels: PUBLIC_LABELS });

/** Removes the labels of an Ingress, like `kubectl label`. The rest stays, except a new `status`. */
function removeLabels({ server }: ControllerHarness, name: string, status?: object): void {
  const ingress = server.objects("Ingress", "default").find(({ metadata }) => metadata.name === name);
  assert.ok(ingress);
  server.apply({ ...ingress, metadata: { ...ingress.metadata, labels: {} }, ...(status && { status }) });
}

describe("the status of an Ingress that is no longer watched", { concurrency: 6 }, () => {
  test(
    "The status is cleared when the labels of the Ingress no longer match the selector",
    withHarness(async (harness) => {
      harness.apply(WEB_SERVICE, buildShop(PUBLIC_LABELS), blog);
      await harness.start(SELECTOR_OPTIONS);
      await waitFor(() => harness.readStatus("shop").live === "1" && harness.readStatus("blog").live === "1");
      removeLabels(harness, "shop");
      await harness.waitForRoutes("blog.example.com / -> default/web:80");
      await waitFor(() => harness.readStatus("shop").live === undefined);
      assert.deepEqual(harness.readStatus("shop"), EMPTY_STATUS);
      assert.equal(harness.readStatus("blog").live, "1");
    }),
  );

  test(
    "The status is cleared if the labels changed while no controller ran",
    withHarness(async (harness) => {
      harness.apply(WEB_SERVICE, buildShop(PUBLIC_LABELS), blog);
      const controller = await harness.start(SELECTOR_OPTIONS);
      await waitFor(() => harness.readStatus("shop").live === "1" && harness.readStatus("blog").live === "1");
      await controller.stop();
      removeLabels(harness, "shop");
      await harness.start(SELECTOR_OPTIONS);
      await waitFor(() => harness.readStatus("shop").live === undefined);
      assert.deepEqual(harness.readStatus("shop"), EMPTY_STATUS);
    }),
  );

  test(
    "The status is cleared if the namespace of the Ingress is no longer watched",
    withHarness(async (harness) => {
      harness.apply(
        WEB_SERVICE,
        withMetadata(WEB_SERVICE, { namespace: "far" }),
        withMetadata(buildShop({}), { namespace: "far" }),
        blog,
      );
      const controller = await harness.start({ watchNamespace: ["default", "far"] });
      await waitFor(() => harness.readStatus("shop", "far").live === "1");
      await controller.stop();
      await harness.start({ watchNamespace: ["default"] });
      await waitFor(() => harness.readStatus("shop", "far").live === undefined);
      assert.deepEqual(harness.readStatus("shop", "far"), EMPTY_STATUS);
    }),
  );

  test(
    "Addresses of another controller stay when the labels no longer match",
    withHarness(async (harness) => {
      harness.apply(WEB_SERVICE, buildShop(PUBLIC_LABELS), blog);
      await harness.start(SELECTOR_OPTIONS);
      await waitFor(() => harness.readStatus("shop").live === "1");
      removeLabels(harness, "shop", { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } });
      await waitFor(() => harness.readStatus("shop").live === undefined);
      assert.deepEqual(harness.readStatus("shop"), { addresses: [{ ip: "192.0.2.1" }], live: undefined });
    }),
  );

  test(
    "The status is cleared at the next sync if the API server answered 500",
    withHarness(async (harness) => {
      harness.apply(WEB_SERVICE, buildShop(PUBLIC_LABELS), blog);
      const controller = await harness.start(SELECTOR_OPTIONS);
      await waitFor(() => harness.readStatus("shop").live === "1");
      harness.server.injectFault(/^GET .*\/ingresses\/shop$/, { type: "answer", status: 500 });
      removeLabels(harness, "shop");
      await waitFor(() => controller.hasLogged(/the status of Ingress default\/shop was not written/));
      assert.equal(harness.readStatus("shop").live, "1");
      await controller.sync();
      assert.deepEqual(harness.readStatus("shop"), EMPTY_STATUS);
    }),
  );

  test(
    "A deleted Ingress is read only by a controller with a selector, and is no failure",
    withHarness(async (harness) => {
      harness.apply(WEB_SERVICE, buildShop(PUBLIC_LABELS), blog);
      const controller = await harness.start();
      await waitFor(() => harness.readStatus("shop").live === "1");
      const requestCount = () => harness.server.requests.filter(({ path }) => path.endsWith("/ingresses/shop")).length;
      harness.server.remove("Ingress", "default", "shop");
      await harness.waitForRoutes("blog.example.com / -> default/web:80");
      await controller.sync();
      assert.equal(requestCount(), 0);
      await controller.stop();
      harness.apply(buildShop(PUBLIC_LABELS));
      const selectiveController = await harness.start(SELECTOR_OPTIONS);
      await waitFor(() => harness.readStatus("shop").live !== undefined);
      harness.server.remove("Ingress", "default", "shop");
      await harness.waitForRoutes("blog.example.com / -> default/web:80");
      await waitFor(() => requestCount() === 1);
      await selectiveController.sync();
      assert.equal(await selectiveController.metric("edgress_kubernetes_write_failures_total"), 0);
      assert.equal(requestCount(), 1);
    }),
  );
});
