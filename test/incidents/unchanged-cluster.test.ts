import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withHarness, withMetadata } from "../support/controller/controller-harness.ts";
import { startPublishedController, WEB_SERVICE } from "../support/controller/published-ingresses.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

describe("incident: the controller writes without a change", { concurrency: 6 }, () => {
  test(
    "Twenty syncs and a restart without a change write nothing to the account or the cluster",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness, { times: { resyncMs: 20 } });
      const accountWrites = harness.accountWrites().length;
      const clusterWrites = harness.clusterWrites().length;
      const syncs = controller.results.length;
      await waitFor(() => controller.results.length >= syncs + 10);
      await controller.stop();
      const restartedController = await harness.start({ times: { resyncMs: 20 } });
      await waitFor(() => restartedController.results.filter(({ type }) => type === "completed").length >= 10);
      assert.deepEqual(harness.accountWrites().slice(accountWrites), []);
      assert.deepEqual(harness.clusterWrites().slice(clusterWrites), []);
      assert.equal(harness.generation(), 1);
    }),
  );

  test(
    "Changes of labels, unused Services and unused Secrets write nothing",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness);
      const accountWrites = harness.accountWrites().length;
      const clusterWrites = harness.clusterWrites().length;
      harness.apply(withMetadata(WEB_SERVICE, { labels: { team: "red" } }));
      harness.apply({ ...buildServiceManifest("unused", []), spec: { ports: [{ port: 9000 }] } });
      harness.apply(
        withMetadata(buildIngressManifest("shop", "shop.example.com", { "/": "web" }), { labels: { team: "red" } }),
      );
      harness.apply({ apiVersion: "v1", kind: "Secret", metadata: { name: "unused" }, data: {} });
      for (let syncs = 0; syncs < 3; syncs++) await controller.sync();
      assert.deepEqual(harness.accountWrites().slice(accountWrites), []);
      assert.deepEqual(harness.clusterWrites().slice(clusterWrites), []);
    }),
  );

  test(
    "A status that another controller overwrites is restored with one write each time, and nothing is published",
    withHarness(async (harness) => {
      await startPublishedController(harness, { times: { resyncMs: 20 } });
      const accountWrites = harness.accountWrites().length;
      for (let overwrites = 0; overwrites < 5; overwrites++) {
        const clusterWrites = harness.clusterWrites().length;
        const [shop] = harness.server.objects("Ingress").filter(({ metadata }) => metadata.name === "shop");
        assert.ok(shop);
        harness.server.apply({ ...shop, status: { loadBalancer: { ingress: [{ ip: "198.51.100.9" }] } } });
        await waitFor(
          () => JSON.stringify(harness.readStatus("shop").addresses) === '[{"hostname":"edge.example.com"}]',
        );
        const expectedWrites = ["PATCH namespaces/default/ingresses/shop/status"];
        assert.deepEqual(harness.clusterWrites().slice(clusterWrites), expectedWrites);
      }
      assert.deepEqual(harness.accountWrites().slice(accountWrites), []);
      assert.equal(harness.generation(), 1);
    }),
  );
});
