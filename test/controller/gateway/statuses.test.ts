import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { ApiServer } from "../../support/api-server.ts";
import { type ControllerHarness, startControllerHarness } from "../../support/controller/controller-harness.ts";
import {
  listConditions,
  listRouteConditions,
  readGatewayStatus,
  startGatewayServer,
} from "../../support/controller/gateway-harness.ts";
import {
  buildGatewayManifest,
  buildHttpRouteManifest,
  buildServiceOf,
  GATEWAY_CLASS,
} from "../../support/controller/gateway-objects.ts";
import { waitFor } from "../../support/wait-for.ts";

const CONTROLLER = "edgress.dev/ingress-controller";
const FINALIZER = "gateway-exists-finalizer.gateway.networking.k8s.io";

let server: ApiServer;
let harness: ControllerHarness;

beforeEach(async () => {
  server = await startGatewayServer();
  harness = await startControllerHarness({ server });
});

afterEach(async () => {
  await harness.close();
  await server.stop();
});

const readStatus = (kind: string, name: string) => readGatewayStatus(server, kind, name);
const listParents = (name: string) => listRouteConditions(server, name);

const GOOD_ROUTE = [["Accepted=True", "ResolvedRefs=True"]];

describe("The statuses of the Gateway API", () => {
  test("follow the publication, and are not written twice", async () => {
    server.apply(GATEWAY_CLASS);
    harness.apply(buildGatewayManifest("public"), buildServiceOf("default"), buildHttpRouteManifest("shop"));
    await harness.start();
    await harness.waitForRoutes("shop.example.com / -> default/shop:80");
    await waitFor(() => listParents("shop").length > 0);
    assert.deepEqual(listParents("shop"), GOOD_ROUTE);
    await waitFor(() => listConditions(readStatus("Gateway", "public").conditions).includes("Programmed=True"));
    assert.equal(readStatus("Gateway", "public").listeners?.[0]?.attachedRoutes, 1);
    await waitFor(() => listConditions(readStatus("GatewayClass", "edgress").conditions).includes("Accepted=True"));
    assert.deepEqual(server.objects("GatewayClass")[0]?.metadata.finalizers, [FINALIZER]);
    await harness.waitForEvent("Published HTTPRoute default/shop");
    const requestCount = server.requests.length;
    harness.apply(buildHttpRouteManifest("cart"));
    await waitFor(() => listParents("cart").length > 0);
    await waitFor(() => readStatus("Gateway", "public").listeners?.[0]?.attachedRoutes === 2);
    const writes = harness.clusterWrites(requestCount).filter((line) => line.endsWith("/status"));
    assert.deepEqual(writes.toSorted(), [
      "PATCH namespaces/default/gateways/public/status",
      "PATCH namespaces/default/httproutes/cart/status",
    ]);
  });

  test("lose the entries of a Gateway that was deleted, and keep those of other controllers", async () => {
    server.apply(GATEWAY_CLASS);
    const route = buildHttpRouteManifest("shop");
    const foreign = { parentRef: { name: "other" }, controllerName: "example.com/controller", conditions: [] };
    server.apply({ ...route, status: { parents: [foreign] } });
    harness.apply(buildGatewayManifest("public"), buildServiceOf("default"));
    await harness.start({ allowMassDeletion: true });
    await waitFor(() => readStatus("HTTPRoute", "shop").parents?.length === 2);
    server.remove("Gateway", "default", "public");
    await waitFor(() => readStatus("HTTPRoute", "shop").parents?.length === 1);
    assert.equal(readStatus("HTTPRoute", "shop").parents?.[0]?.controllerName, "example.com/controller");
    await waitFor(() => !JSON.stringify(server.objects("GatewayClass")[0]?.metadata.finalizers).includes(FINALIZER));
    await harness.waitForRoutes();
  });

  test("follow the labels of a namespace", async () => {
    const namespaces = { from: "Selector", selector: { matchLabels: { team: "a" } } };
    server.apply(GATEWAY_CLASS);
    server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "web", labels: { team: "b" } } });
    harness.apply(buildGatewayManifest("public", { namespaces }), buildServiceOf("web"));
    harness.apply(buildHttpRouteManifest("shop", "web"));
    await harness.start();
    await waitFor(() => listParents("shop").length > 0);
    assert.deepEqual(listParents("shop"), [["Accepted=False NotAllowedByListeners", "ResolvedRefs=True"]]);
    server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "web", labels: { team: "a" } } });
    await harness.waitForRoutes("shop.example.com / -> web/shop:80");
    await waitFor(() => listParents("shop")[0]?.includes("Accepted=True"));
  });

  test("are merged again if another controller wrote at the same time", async () => {
    server.apply(GATEWAY_CLASS);
    harness.apply(buildGatewayManifest("public"), buildServiceOf("default"), buildHttpRouteManifest("shop"));
    const conflict = server.injectFault(/httproutes\/shop\/status/, { type: "answer", status: 409 }, 2);
    await harness.start();
    await waitFor(() => listParents("shop").length > 0);
    assert.equal(conflict.remaining, 0);
    assert.equal(readStatus("HTTPRoute", "shop").parents?.[0]?.controllerName, CONTROLLER);
  });
});
