import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Fault, RequestMatcher } from "../support/api-server.ts";
import { SHORT_TIMEOUTS } from "../support/controller/controller.ts";
import { type ControllerHarness, withHarness } from "../support/controller/controller-harness.ts";
import {
  applyIngresses,
  buildChangedRoutes,
  INITIAL_ROUTES,
  publishShopPath,
  startPublishedController,
} from "../support/controller/published-ingresses.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

const INTERNAL_ERROR: Fault = { type: "answer", status: 500, reason: "InternalError" };
// The tests mostly wait.
const CONCURRENT = { concurrency: 6 };

function matchLists(plural: string): RequestMatcher {
  return ({ path, query }) => path.endsWith(`/${plural}`) && query.watch === undefined;
}

describe("incident: the API server answers 500 to a GET", CONCURRENT, () => {
  for (const plural of ["ingresses", "services", "ingressclasses"]) {
    test(
      `A failed list of ${plural} deletes nothing, and the controller keeps syncing the last known objects`,
      withHarness(async (harness) => {
        const controller = await startPublishedController(harness);
        const from = harness.accountWrites().length;
        const fault = harness.server.injectFault(matchLists(plural), INTERNAL_ERROR, 2);
        harness.server.injectWatchFault(({ path }) => path.endsWith(`/${plural}`), { type: "error", code: 410 });
        await waitFor(() => fault.remaining === 0);
        assert.equal((await controller.sync()).type, "completed");
        assert.deepEqual(harness.accountWrites().slice(from), []);
        await controller.waitForLog(/no valid answer from the API server: .*\. The last known objects stay in use/);
        await publishShopPath(harness, "/new");
        assert.deepEqual(await harness.routes(), buildChangedRoutes("/new"));
      }),
    );
  }

  const guardedIngress = buildIngressManifest(
    "shop",
    "shop.example.com",
    { "/": "web" },
    {
      "nginx.ingress.kubernetes.io/auth-type": "basic",
      "nginx.ingress.kubernetes.io/auth-secret": "users",
    },
  );
  const usersSecret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "users" },
    data: { auth: Buffer.from("jane:$apr1$abcdefgh$T0kdUXmOGqFbBKMLDRN0z0\n").toString("base64") },
  };

  /** Returns the names of the policies of the guarded path. */
  async function listGuards({ readPublished }: ControllerHarness): Promise<string[]> {
    const { hosts } = await readPublished();
    return hosts.flatMap(({ host, routes }) =>
      host === "shop.example.com" ? routes.flatMap(({ policies }) => Object.keys(policies)) : [],
    );
  }

  /** Starts a controller that has published the guarded path. */
  async function startGuardedController(harness: ControllerHarness) {
    applyIngresses(harness);
    harness.apply(usersSecret, guardedIngress);
    const controller = await harness.start();
    await harness.waitForRoutes(...INITIAL_ROUTES);
    await controller.sync();
    assert.deepEqual(await listGuards(harness), ["authorization"]);
    return controller;
  }

  test(
    "A failed read of a Secret is retried before the path that needs it is closed",
    withHarness(async (harness) => {
      await (await startGuardedController(harness)).stop();
      const from = harness.accountWrites().length;
      const fault = harness.server.injectFault(matchLists("secrets"), INTERNAL_ERROR);
      const controller = await harness.start();
      await controller.waitForResult("completed");
      assert.equal(fault.remaining, 0);
      assert.deepEqual(harness.accountWrites().slice(from), []);
      assert.deepEqual(await listGuards(harness), ["authorization"]);
    }),
  );

  test(
    "A guard with a forbidden Secret closes only its own path, until the Secret can be read",
    withHarness(async (harness) => {
      harness.server.forbid(/secrets/);
      applyIngresses(harness);
      harness.apply(usersSecret, guardedIngress);
      await harness.start();
      await waitFor(() => harness.generation() > 0);
      assert.deepEqual(await listGuards(harness), ["failClosed"]);
      assert.deepEqual((await harness.routes()).slice(0, 2), INITIAL_ROUTES.slice(0, 2));
      await harness.waitForEvent("RouteFailedClosed Ingress default/shop");
      harness.server.clearFaults();
      await waitFor(async () => (await listGuards(harness))[0] === "authorization", 20_000);
    }),
  );

  test(
    "A guard that was read once keeps guarding while its Secret is forbidden, and closes when the Secret is gone",
    withHarness(async (harness) => {
      const controller = await startGuardedController(harness);
      harness.server.forbid(/secrets/);
      harness.server.injectWatchFault(/secrets/, { type: "error", code: 410 });
      await controller.waitForLog(/watch failed: references/);
      await controller.sync();
      assert.deepEqual(await listGuards(harness), ["authorization"]);
      harness.server.clearFaults();
      harness.server.remove("Secret", "default", "users");
      await waitFor(async () => (await listGuards(harness))[0] === "failClosed", 20_000);
    }),
  );
});

describe("incident: the first lists are incomplete", CONCURRENT, () => {
  const faults: readonly (readonly [condition: string, Fault, RegExp])[] = [
    ["is not answered", { type: "hang" }, /no response within 2000 ms/],
    ["breaks off", { type: "truncate" }, /no valid answer/],
    ["is truncated", { type: "truncate", cleanly: true }, /the response is not JSON/],
    [
      "reports missing items",
      { type: "short", items: 0, remainder: "more" },
      /list is incomplete: .* lacks \d+ objects/,
    ],
    ["is answered with 503", { type: "answer", status: 503, reason: "ServiceUnavailable" }, /no valid answer/],
  ];
  for (const [condition, fault, line] of faults) {
    for (const plural of ["ingresses", "services"]) {
      test(
        `A controller publishes nothing while its first list of ${plural} ${condition}, and loses nothing`,
        withHarness(async (harness) => {
          await (await startPublishedController(harness)).stop();
          const from = harness.accountWrites().length;
          const armedFault = harness.server.injectFault(matchLists(plural), fault, 1000);
          const controller = await harness.start(SHORT_TIMEOUTS);
          await controller.waitForLog(line);
          await controller.sync();
          assert.deepEqual([...new Set(controller.results.map(({ type }) => type))], ["not-ready"]);
          await waitFor(() => 1000 - armedFault.remaining >= 2, 20_000);
          harness.server.clearFaults();
          await controller.waitForResult("completed");
          assert.deepEqual(harness.accountWrites().slice(from), []);
          assert.deepEqual(await harness.routes(), INITIAL_ROUTES);
        }),
      );
    }
  }

  test(
    "A list whose second page fails is requested again from its first page",
    withHarness(async (harness) => {
      await (await startPublishedController(harness)).stop();
      const services = Array.from({ length: 501 }, (_, index) =>
        buildServiceManifest(`aaa-${index}`, ["203.0.113.20"]),
      );
      harness.apply(...services); // pages are sorted by name, so these fill the first one
      const from = harness.accountWrites().length;
      const fault = harness.server.injectFault(/services\?.*continue=/, {
        type: "answer",
        status: 410,
        reason: "Expired",
      });
      const controller = await harness.start();
      await waitFor(() => fault.remaining === 0);
      await controller.waitForResult("completed");
      assert.deepEqual(harness.accountWrites().slice(from), []);
      assert.deepEqual(await harness.routes(), INITIAL_ROUTES);
    }),
  );

  test(
    "A truncated list that is marked as complete is blocked as a mass deletion",
    withHarness(async (harness) => {
      await (await startPublishedController(harness)).stop();
      const from = harness.accountWrites().length;
      harness.server.injectFault(matchLists("ingresses"), { type: "short", items: 1, remainder: "complete" });
      const controller = await harness.start();
      await controller.waitForLog(/deletion blocked: 2 of 3 routes of 2 Ingresses would be removed/);
      assert.deepEqual(harness.accountWrites().slice(from), []);
      assert.deepEqual(await harness.routes(), INITIAL_ROUTES);
    }),
  );
});
