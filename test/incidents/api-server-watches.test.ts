import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { WatchFault } from "../support/api-server.ts";
import { SHORT_TIMEOUTS } from "../support/controller/controller.ts";
import { withHarness } from "../support/controller/controller-harness.ts";
import {
  buildChangedRoutes,
  INITIAL_ROUTES,
  publishShopPath,
  startPublishedController,
} from "../support/controller/published-ingresses.ts";
import { waitFor } from "../support/wait-for.ts";

/** The Lease's times pass 5 times as fast: it expires after 3 s. */
const LEASE_SPEED = 5;
const isNotLeaseRequest = (request: { readonly path: string }) => !request.path.includes("/leases");

// The tests mostly wait.
describe("incident: watches of the API server fail", { concurrency: 6 }, () => {
  test(
    "The controller deletes nothing while the API server does not answer, and publishes changes afterwards",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness, SHORT_TIMEOUTS);
      const from = harness.accountWrites().length;
      const fault = harness.server.injectFault(isNotLeaseRequest, { type: "hang" }, 1000);
      harness.server.injectWatchFault(isNotLeaseRequest, { type: "cut" });
      harness.server.remove("Ingress", "default", "docs");
      await waitFor(() => 1000 - fault.remaining >= 6, 20_000); // two requests for each of three collections
      assert.equal((await controller.sync()).type, "completed");
      assert.deepEqual(harness.accountWrites().slice(from), []);
      harness.server.clearFaults();
      await waitFor(async () => (await harness.routes()).length === 2, 20_000);
    }),
  );

  test(
    "A leader without API server writes nothing after its renew deadline, and leads again in a new term",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness, { leaseSpeed: LEASE_SPEED });
      const from = harness.accountWrites().length;
      await harness.server.stop();
      await waitFor(() => controller.results.at(-1)?.type === "standby", 20_000);
      assert.deepEqual(harness.accountWrites().slice(from), []);
      assert.deepEqual(await harness.routes(), INITIAL_ROUTES);
      await harness.server.serve();
      await publishShopPath(harness, "/new");
      assert.deepEqual(await harness.routes(), buildChangedRoutes("/new"));
    }),
  );

  const faults: readonly (readonly [condition: string, WatchFault])[] = [
    ["are silent on a half-open connection", { type: "silence" }],
    ["expire", { type: "error", code: 410, reason: "Expired" }],
    ["end with a server error", { type: "error", code: 500 }],
    ["are disconnected", { type: "cut" }],
    ["send invalid events", { type: "unparsable" }],
    ["send old events again, the newest first", { type: "stale" }],
    ["send every event twice", { type: "twice" }],
  ];
  for (const [condition, fault] of faults) {
    test(
      `The controller deletes nothing and finds later changes when all watches ${condition}`,
      withHarness(async (harness) => {
        const controller = await startPublishedController(harness, fault.type === "silence" ? SHORT_TIMEOUTS : {});
        const from = harness.accountWrites().length;
        await waitFor(() => harness.server.countWatches(isNotLeaseRequest) >= 3);
        assert.ok(harness.server.injectWatchFault(isNotLeaseRequest, fault) >= 3);
        assert.equal((await controller.sync()).type, "completed");
        assert.deepEqual(harness.accountWrites().slice(from), []);
        await publishShopPath(harness, "/new");
        assert.deepEqual(await harness.routes(), buildChangedRoutes("/new"));
        harness.server.remove("Ingress", "default", "docs");
        await waitFor(async () => !(await harness.routes()).some((route) => route.startsWith("docs")), 20_000);
      }),
    );
  }

  test(
    "A watch that is disconnected in the middle of an event does not lose the event",
    withHarness(async (harness) => {
      await startPublishedController(harness);
      harness.server.injectWatchFault(isNotLeaseRequest, { type: "cut", half: true });
      await publishShopPath(harness, "/new");
      assert.deepEqual(await harness.routes(), buildChangedRoutes("/new"));
    }),
  );

  test(
    "A watch from an expired version starts with a new list, which shows deleted Ingresses",
    withHarness(async (harness) => {
      const controller = await startPublishedController(harness);
      await harness.server.stop();
      harness.server.remove("Ingress", "default", "docs");
      harness.server.compact();
      await harness.server.serve();
      await waitFor(async () => (await harness.routes()).length === 2, 20_000);
      assert.deepEqual(await harness.routes(), [INITIAL_ROUTES[0], INITIAL_ROUTES[2]]);
      assert.ok(controller.results.every(({ type }) => type !== "failed"));
    }),
  );
});
