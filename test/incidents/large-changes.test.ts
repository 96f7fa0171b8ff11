import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ApprovalRequest, approve, readApprovalRequests } from "../../sync/report/approval-config-map.ts";
import { NAMESPACE } from "../support/controller/controller.ts";
import { type ControllerHarness, withHarness } from "../support/controller/controller-harness.ts";
import {
  INITIAL_ROUTES,
  PUBLISHED_NAMES,
  publishShopPath,
  startPublishedController,
} from "../support/controller/published-ingresses.ts";
import { buildIngressManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

function removeTwoIngresses({ server }: ControllerHarness): void {
  for (const name of ["blog", "docs"]) server.remove("Ingress", "default", name);
}

async function readBlockedDeletion({ api }: ControllerHarness): Promise<ApprovalRequest | undefined> {
  return (await readApprovalRequests(api, NAMESPACE)).get("default");
}

describe("incident: a sync would delete a large part of the routes", { concurrency: 6 }, () => {
  test(
    "A mass deletion is blocked with a list of its routes, also after a restart, until that list is approved",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness);
      const from = harness.accountWrites().length;
      removeTwoIngresses(harness);
      const approvalRequest = await waitFor(() => readBlockedDeletion(harness));
      assert.equal(approvalRequest.reason, "2 of 3 routes of 2 Ingresses would be removed; the limit is 20 % per sync");
      assert.deepEqual(approvalRequest.routes.trim().split("\n"), [
        "host blog.example.com",
        "host docs.example.com",
        "route blog.example.com prefix / of default/blog#0.0",
        "route docs.example.com prefix / of default/docs#0.0",
      ]);
      assert.equal(await controller.metric("edgress_blocked_route_removals"), 2);
      await controller.stop();
      const restartedController = await harness.start();
      await restartedController.waitForResult("completed");
      const syncs = restartedController.results.length;
      await approve(harness.api, NAMESPACE, "default", "another");
      await waitFor(() => restartedController.results.length > syncs); // the wrong approval has been read
      assert.deepEqual(harness.accountWrites().slice(from), []);
      await harness.waitForRoutes(...INITIAL_ROUTES);
      await approve(harness.api, NAMESPACE, "default", approvalRequest.id);
      await harness.waitForRoutes("shop.example.com / -> default/web:80");
      await waitFor(async () => (await readBlockedDeletion(harness)) === undefined);
    }),
  );

  test(
    "A blocked mass deletion is dropped when the deleted Ingresses are created again",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness);
      removeTwoIngresses(harness);
      await controller.waitForLog(/deletion blocked: 2 of 3 routes/);
      harness.apply(
        buildIngressManifest("blog", "blog.example.com", { "/": "web" }),
        buildIngressManifest("docs", "docs.example.com", { "/": "web" }),
      );
      await waitFor(async () => (await readBlockedDeletion(harness)) === undefined);
      await harness.waitForRoutes(...INITIAL_ROUTES);
    }),
  );

  test(
    "A mass deletion is published with --allow-mass-deletion",
    withHarness(async (harness) => {
      await startPublishedController(harness, { allowMassDeletion: true });
      removeTwoIngresses(harness);
      await harness.waitForRoutes("shop.example.com / -> default/web:80");
    }),
  );
});

describe("incident: the size of a snapshot", { concurrency: 6 }, () => {
  test(
    "A snapshot without rules is blocked when every Ingress is deleted",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness);
      const from = harness.accountWrites().length;
      for (const name of PUBLISHED_NAMES) harness.server.remove("Ingress", "default", name);
      await waitFor(() => readBlockedDeletion(harness));
      await controller.sync();
      assert.deepEqual(harness.accountWrites().slice(from), []);
      await harness.waitForRoutes(...INITIAL_ROUTES);
    }),
  );

  test(
    "A snapshot without rules is blocked when the IngressClass of every Ingress is deleted",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness, { ingressClass: "other" });
      harness.server.remove("IngressClass", undefined, "edgress");
      await waitFor(() => readBlockedDeletion(harness));
      await controller.sync();
      await harness.waitForRoutes(...INITIAL_ROUTES);
    }),
  );

  test(
    "A snapshot of twice the size is published without a size warning",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness);
      const newNames = ["one", "two", "six"];
      harness.apply(...newNames.map((name) => buildIngressManifest(name, `${name}.example.com`, { "/": "web" })));
      await harness.waitForRoutes(
        ...[...INITIAL_ROUTES, ...newNames.map((name) => `${name}.example.com / -> default/web:80`)],
      );
      assert.ok(!controller.hasLogged(/MiB/));
    }),
  );

  test(
    "An Ingress with 24.9 MiB of rules loses its own paths, and does not delay the changes of others",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness);
      const suffix = "x".repeat(4000);
      const paths = Object.fromEntries(Array.from({ length: 6325 }, (_, index) => [`/${index}-${suffix}`, "web"]));
      harness.apply(buildIngressManifest("large", "large.example.com", paths));
      await waitFor(() => controller.hasLogged(/IngressTooLarge/), 30_000);
      await publishShopPath(harness, "/new");
      assert.ok(harness.events().includes("IngressTooLarge Ingress default/large"));
      assert.ok(harness.kv.writtenKeys.every((key) => (harness.kv.values.get(key)?.length ?? 0) < 24 * 1024 * 1024));
    }),
  );
});
