import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ControllerHarness, withHarness, withMetadata } from "../support/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

const webService = buildServiceManifest("web", ["203.0.113.10"]);
const PUBLIC_LABELS = { edge: "public" };
const SELECTOR_OPTIONS = { ingressSelector: "edge=public" };
const EMPTY_STATUS = { addresses: [], live: undefined };

const buildShop = (labels: Readonly<Record<string, string>>) =>
  withMetadata(buildIngressManifest("shop", "shop.example.com", { "/": "web" }), { labels });
const blog = withMetadata(buildIngressManifest("blog", "blog.example.com", { "/": "web" }), { labels: PUBLIC_LABELS });

/** Takes an Ingress's labels away, as `kubectl label` does: what it says of itself stays, or becomes `status`. */
function removeLabels({ server }: ControllerHarness, name: string, status?: object): void {
  const ingress = server.objects("Ingress", "default").find(({ metadata }) => metadata.name === name);
  assert.ok(ingress);
  server.apply({ ...ingress, metadata: { ...ingress.metadata, labels: {} }, ...(status && { status }) });
}

describe("an Ingress that was ours and is out of sight", () => {
  test(
    "says no more that it is live once its labels no longer fit",
    withHarness(async (harness) => {
      harness.apply(webService, buildShop(PUBLIC_LABELS), blog);
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
    "says so no more either where its labels changed while no sync job ran",
    withHarness(async (harness) => {
      harness.apply(webService, buildShop(PUBLIC_LABELS), blog);
      const job = await harness.start(SELECTOR_OPTIONS);
      await waitFor(() => harness.readStatus("shop").live === "1" && harness.readStatus("blog").live === "1");
      await job.stop();
      removeLabels(harness, "shop");
      await harness.start(SELECTOR_OPTIONS);
      await waitFor(() => harness.readStatus("shop").live === undefined);
      assert.deepEqual(harness.readStatus("shop"), EMPTY_STATUS);
    }),
  );

  test(
    "says so no more where its namespace is watched no longer",
    withHarness(async (harness) => {
      harness.apply(
        webService,
        withMetadata(webService, { namespace: "far" }),
        withMetadata(buildShop({}), { namespace: "far" }),
        blog,
      );
      const job = await harness.start({ watchNamespace: ["default", "far"] });
      await waitFor(() => harness.readStatus("shop", "far").live === "1");
      await job.stop();
      await harness.start({ watchNamespace: ["default"] });
      await waitFor(() => harness.readStatus("shop", "far").live === undefined);
      assert.deepEqual(harness.readStatus("shop", "far"), EMPTY_STATUS);
    }),
  );

  test(
    "keeps what another controller has written on it",
    withHarness(async (harness) => {
      harness.apply(webService, buildShop(PUBLIC_LABELS), blog);
      await harness.start(SELECTOR_OPTIONS);
      await waitFor(() => harness.readStatus("shop").live === "1");
      removeLabels(harness, "shop", { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } });
      await waitFor(() => harness.readStatus("shop").live === undefined);
      assert.deepEqual(harness.readStatus("shop"), { addresses: [{ ip: "192.0.2.1" }], live: undefined });
    }),
  );

  test(
    "is asked for again in the next round where the API server did not answer",
    withHarness(async (harness) => {
      harness.apply(webService, buildShop(PUBLIC_LABELS), blog);
      const job = await harness.start(SELECTOR_OPTIONS);
      await waitFor(() => harness.readStatus("shop").live === "1");
      harness.server.injectFault(/^GET .*\/ingresses\/shop$/, { type: "answer", status: 500 });
      removeLabels(harness, "shop");
      await waitFor(() => job.hasLogged(/the status of Ingress default\/shop was not written/));
      assert.equal(harness.readStatus("shop").live, "1");
      await job.sync();
      assert.deepEqual(harness.readStatus("shop"), EMPTY_STATUS);
    }),
  );

  test(
    "is not asked for where all are watched, and is no failure where it is gone",
    withHarness(async (harness) => {
      harness.apply(webService, buildShop(PUBLIC_LABELS), blog);
      const all = await harness.start();
      await waitFor(() => harness.readStatus("shop").live === "1");
      const requestCount = () => harness.server.requests.filter(({ path }) => path.endsWith("/ingresses/shop")).length;
      harness.server.remove("Ingress", "default", "shop");
      await harness.waitForRoutes("blog.example.com / -> default/web:80");
      await all.sync();
      assert.equal(requestCount(), 0);
      await all.stop();
      harness.apply(buildShop(PUBLIC_LABELS));
      const some = await harness.start(SELECTOR_OPTIONS);
      await waitFor(() => harness.readStatus("shop").live !== undefined);
      harness.server.remove("Ingress", "default", "shop");
      await harness.waitForRoutes("blog.example.com / -> default/web:80");
      await waitFor(() => requestCount() === 1);
      await some.sync();
      assert.equal(await some.metric("edgress_kubernetes_write_failures_total"), 0);
      assert.equal(requestCount(), 1);
    }),
  );
});
