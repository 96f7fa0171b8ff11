import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import { createFaultPlan } from "../../sync/local/account/fault-injection.ts";
import { withHarness } from "../support/controller/controller-harness.ts";
import {
  applyShopPath,
  buildChangedRoutes,
  INITIAL_ROUTES,
  publishShopPath,
  startPublishedController,
} from "../support/controller/published-ingresses.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

// The tests mostly wait.
describe("incident: Workers KV or DNS fails", { concurrency: 6 }, () => {
  test(
    "The edge keeps its rules and no Ingress is reported live while KV answers 500 to every request",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness);
      harness.account.faults = { ...createFaultPlan(), serverErrors: 1000, requestPattern: /\/storage\/kv\// };
      applyShopPath(harness, "/new");
      harness.apply(buildIngressManifest("new", "new.example.com", { "/": "web" }));
      await controller.waitForResult("failed");
      await harness.waitForRoutes(...INITIAL_ROUTES);
      assert.equal(harness.readStatus("new").live, undefined);
      assert.ok(!harness.events().includes("Published Ingress default/new"));
      assert.ok(((await controller.metric('edgress_syncs_total{result="failed"}')) ?? 0) >= 1);
      harness.account.faults = createFaultPlan();
      await harness.waitForRoutes("new.example.com / -> default/web:80", ...buildChangedRoutes("/new"));
      await waitFor(() => harness.readStatus("new").live === "2");
    }),
  );

  const writes = [
    ["the shards", /PUT .*\/(values\/shard|bulk)/, 5],
    ["the history copy", /PUT .*\/values\/generation/, 7],
    ["the current manifest", /PUT .*\/values\/current/, 7],
    ["the controller state", /PUT .*\/values\/state/, 5],
  ] as const;
  for (const [subject, requestPattern, serverErrors] of writes) {
    test(
      `The next sync publishes a whole generation after KV answered 500 to the write of ${subject}`,
      withHarness(async (harness) => {
        const controller = await startPublishedController(harness);
        harness.account.faults = { ...createFaultPlan(), serverErrors, requestPattern };
        applyShopPath(harness, "/new");
        await controller.waitForResult("failed");
        await harness.waitForRoutes(...buildChangedRoutes("/new"));
        assert.deepEqual((await harness.readPublished()).missingShards, []);
      }),
    );
  }

  test(
    "A write of the current manifest that is never answered times out, and the same sync repeats it",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness);
      harness.account.faults = { ...createFaultPlan(), hangs: 1, requestPattern: /PUT .*\/values\/current/ };
      applyShopPath(harness, "/new");
      await harness.waitForRoutes(...buildChangedRoutes("/new"));
      assert.equal(harness.generation(), 2);
      assert.ok(controller.results.every(({ type }) => type !== "failed"));
    }),
  );

  test(
    "A bulk write that KV executes by half is repeated until every shard is written",
    withHarness(async (harness) => {
      await startPublishedController(harness);
      harness.onKvStep = (step) => {
        // The shards follow: first one half of them is written, then half of the rest.
        if (step === "after put state")
          harness.account.faults = { ...createFaultPlan(), partialWrites: 2, requestPattern: /PUT .*bulk$/ };
      };
      const names = Array.from({ length: 300 }, (_, index) => `many-${index}`);
      harness.apply(
        ...names.map((name) => buildIngressManifest(name, `${name}.example.com`, { [`/${"x".repeat(1000)}`]: "web" })),
      );
      await waitFor(async () => (await harness.routes()).length === 303, 20_000);
      assert.equal(harness.account.faults.partialWrites, 0);
      assert.deepEqual((await harness.readPublished()).missingShards, []);
    }),
  );

  test(
    "A shard that KV acknowledges and loses is found by the read-back, and the next sync writes it again",
    withHarness(async (harness) => {
      await startPublishedController(harness);
      harness.onKvStep = (step) => {
        if (step !== "after put state") return;
        harness.kv.writesToLose = 1; // the next write is the shard
        harness.onKvStep = () => {};
      };
      await publishShopPath(harness, "/new");
      assert.deepEqual((await harness.readPublished()).missingShards, []);
    }),
  );

  test(
    "An older manifest that KV returns causes no write, and hides no change",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness);
      const staleManifest = harness.kv.values.get(CURRENT_KEY) ?? "";
      await publishShopPath(harness, "/new");
      await controller.sync();
      const newestManifest = harness.kv.values.get(CURRENT_KEY) ?? "";
      const from = harness.kv.writtenKeys.length;
      harness.kv.values.set(CURRENT_KEY, staleManifest);
      for (let syncs = 0; syncs < 3; syncs++) await controller.sync();
      assert.deepEqual(harness.kv.writtenKeys.slice(from), []);
      assert.ok(controller.results.every(({ type }) => type !== "failed"));
      harness.kv.values.set(CURRENT_KEY, newestManifest);
      await publishShopPath(harness, "/newer");
    }),
  );

  test(
    "Shards that are lost from KV are written again after a restart",
    withHarness(async (harness) => {
      await (await startPublishedController(harness)).stop();
      for (const key of harness.kv.values.keys()) if (key.startsWith("shard/")) harness.kv.values.delete(key);
      await harness.start();
      await waitFor(async () => (await harness.routes().catch(() => [])).length === 3, 30_000);
      await harness.waitForRoutes(...INITIAL_ROUTES);
    }),
  );

  test(
    "A DNS record that cannot be added delays only the rules that need it",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness);
      harness.account.faults = { ...createFaultPlan(), serverErrors: 1000, requestPattern: /dns_records\/batch/ };
      harness.apply(
        buildServiceManifest("new", ["203.0.113.20"]),
        buildIngressManifest("new", "new.example.com", { "/": "new" }),
      );
      await controller.waitForResult("failed");
      assert.deepEqual(await harness.routes(), INITIAL_ROUTES);
      harness.account.faults = createFaultPlan();
      await harness.waitForRoutes(...INITIAL_ROUTES, "new.example.com / -> default/new:80");
      const addresses = harness.account.records("example.com").map(({ content }) => content);
      assert.deepEqual(addresses.toSorted(), ["203.0.113.10", "203.0.113.20"]);
    }),
  );
});
