import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withHarness } from "../support/controller/controller-harness.ts";
import { WEB_SERVICE } from "../support/controller/published-ingresses.ts";
import { buildIngressManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

const INGRESS_COUNT = 300;
const isReportWrite = /^(PATCH \S*\/ingresses\/\S*\/status|POST \S*\/events)/;

describe("the report of a sync", () => {
  test(
    "A change is published before the statuses and Events of the sync before it are written, and then these follow",
    { timeout: 60_000 },
    withHarness(async (harness) => {
      const names = Array.from({ length: INGRESS_COUNT }, (_, index) => `shop-${index}`);
      harness.apply(WEB_SERVICE);
      harness.apply(...names.map((name) => buildIngressManifest(name, `${name}.example.com`, { "/": "web" })));
      harness.server.injectFault(isReportWrite, { type: "late", byMs: 1500 }, INGRESS_COUNT);
      await harness.start({ times: { quietMs: 20, maxMs: 100 } });
      await waitFor(() => harness.generation() === 1);
      harness.apply(buildIngressManifest("late", "late.example.com", { "/": "web" }));
      await waitFor(() => harness.generation() === 2);
      const reportWrites = harness.server.requests.filter(({ line }) => isReportWrite.test(line)).length;
      assert.ok(reportWrites < INGRESS_COUNT, `${reportWrites} writes before the change was published`);
      harness.server.clearFaults();
      await harness.waitUntilLive(...names, "late");
      assert.deepEqual(
        names.map((name) => harness.readStatus(name).live).filter((live) => live !== "1"),
        [],
      );
      assert.equal(harness.readStatus("late").live, "2");
      await waitFor(() => countPublished(harness.events()) === INGRESS_COUNT + 1);
    }),
  );

  test(
    "An Event Published that the API server refused is written again without another change",
    { timeout: 60_000 },
    withHarness(async (harness) => {
      harness.apply(WEB_SERVICE, buildIngressManifest("shop", "shop.example.com", { "/": "web" }));
      harness.server.injectFault(/^POST \S*\/events/, { type: "answer", status: 500 }, 2);
      const controller = await harness.start();
      await harness.waitForEvent("Published Ingress default/shop");
      assert.equal(countPublished(harness.events()), 1);
      assert.equal(harness.generation(), 1);
      await controller.sync();
      assert.equal(countPublished(harness.events()), 1);
    }),
  );
});

function countPublished(events: readonly string[]): number {
  return events.filter((event) => event.startsWith("Published ")).length;
}
