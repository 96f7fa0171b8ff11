import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildUpload, callAccount } from "../../support/account/call-account.ts";
import type { ControllerHarness } from "../../support/controller/controller-harness.ts";
import {
  listConditions,
  listRouteConditions,
  readGatewayStatus,
  withGatewayHarness,
} from "../../support/controller/gateway-harness.ts";
import {
  buildGatewayManifest,
  buildHttpRouteManifest,
  buildServiceOf,
} from "../../support/controller/gateway-objects.ts";
import { applyIngresses, INITIAL_ROUTES, PUBLISHED_NAMES } from "../../support/controller/published-ingresses.ts";
import { waitFor } from "../../support/wait-for.ts";

const SHOP_ROUTE = "shop.example.com / -> default/shop:80";

/** Applies a Gateway, a Service and an HTTPRoute for shop.example.com. */
function applyShop({ apply }: ControllerHarness): void {
  apply(buildGatewayManifest("public"), buildServiceOf("default"), buildHttpRouteManifest("shop"));
}

describe("The owner of an HTTPRoute", () => {
  test(
    "gets an Event and a condition if another Worker has the route of its host",
    withGatewayHarness(async (harness) => {
      const { account, server } = harness;
      const upload = buildUpload('export default { fetch: () => new Response("") };');
      await callAccount(account, "PUT /workers/scripts/edgress", upload);
      const route = { pattern: "shop.example.com/*" };
      assert.deepEqual(
        (await callAccount(account, `POST /zones/${account.zoneIds[0]}/workers/routes`, route)).codes,
        [],
      );
      applyShop(harness);
      await harness.start({ manageHosts: true });
      await harness.waitForEvent("ForeignHostRoute HTTPRoute default/shop");
      await waitFor(() => listRouteConditions(server, "shop").length > 0);
      assert.deepEqual(listRouteConditions(server, "shop"), [
        ["Accepted=True", "ResolvedRefs=True", "edgress.dev/Served=False ForeignHostRoute"],
      ]);
    }),
  );

  test(
    "gets an Event if every path returns 503, and loses the condition when the Service has an address",
    withGatewayHarness(async (harness) => {
      const { server } = harness;
      applyShop(harness);
      harness.apply({ ...buildServiceOf("default"), spec: { ports: [{ port: 80 }] } });
      await harness.start();
      await harness.waitForEvent("ClosedIngress HTTPRoute default/shop");
      await waitFor(() =>
        listRouteConditions(server, "shop").flat().includes("edgress.dev/Served=False NoExternalAddress"),
      );
      harness.apply(buildServiceOf("default"));
      await harness.waitForRoutes(SHOP_ROUTE);
      await waitFor(() => listRouteConditions(server, "shop")[0]?.length === 2);
      assert.deepEqual(listRouteConditions(server, "shop"), [["Accepted=True", "ResolvedRefs=True"]]);
      await harness.waitForEvent("Published HTTPRoute default/shop");
    }),
  );

  test(
    "gets an Event while syncs fail, if the route is new",
    withGatewayHarness(async (harness) => {
      applyShop(harness);
      await harness.start();
      await harness.waitForRoutes(SHOP_ROUTE);
      await harness.waitForEvent("Published HTTPRoute default/shop");
      harness.account.faults = { ...harness.account.faults, serverErrors: 100_000 };
      const foreign = buildHttpRouteManifest("foreign");
      harness.apply(buildHttpRouteManifest("cart"), { ...foreign, spec: { parentRefs: [{ name: "absent" }] } });
      await harness.waitForEvent("SyncFailed HTTPRoute default/cart");
      const failures = harness.events().filter((event) => event.startsWith("SyncFailed"));
      assert.deepEqual(failures, ["SyncFailed HTTPRoute default/cart"]);
    }),
  );

  test(
    "gets an Event after a restart, if the route has no status of its generation",
    withGatewayHarness(async (harness) => {
      applyShop(harness);
      const first = await harness.start();
      await harness.waitForRoutes(SHOP_ROUTE);
      await waitFor(() => listRouteConditions(harness.server, "shop").length > 0);
      await first.stop();
      harness.apply(buildHttpRouteManifest("cart"));
      await harness.start({ environment: { ...harness.environment, CLOUDFLARE_API_TOKEN: "expired" } });
      await harness.waitForEvent("SyncFailed HTTPRoute default/cart");
      assert.ok(!harness.events().includes("SyncFailed HTTPRoute default/shop"));
    }),
  );
});

describe("A Gateway", () => {
  test(
    "is pending until the roll-out of its rules has ended",
    withGatewayHarness(async (harness) => {
      const { server } = harness;
      applyIngresses(harness);
      const settings = { stages: [20], intervalMs: 600_000, maxWaitMs: 600_000, minRequests: 1 };
      const analytics = { countRequests: async () => [] };
      const controller = await harness.start({ rollouts: { settings, analytics } });
      await harness.waitForRoutes(...INITIAL_ROUTES);
      await harness.waitUntilLive(...PUBLISHED_NAMES);
      harness.apply(buildGatewayManifest("public"), buildServiceOf("default"), buildHttpRouteManifest("cart"));
      const listGateway = () => listConditions(readGatewayStatus(server, "Gateway", "public").conditions);
      await waitFor(() => listGateway().length > 0);
      assert.deepEqual(listGateway(), ["Accepted=True", "Programmed=False Pending", "ResolvedRefs=True"]);
      await controller.sync(); // changes nothing
      await controller.sync();
      assert.deepEqual(listGateway(), ["Accepted=True", "Programmed=False Pending", "ResolvedRefs=True"]);
      await harness.waitForEvent("ChangeStaged HTTPRoute default/cart");
    }),
  );
});
