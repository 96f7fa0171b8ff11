import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import * as z from "zod";
import { GATEWAY_RESOURCES } from "../support/api-server/gateway-resources.ts";
import { ApiServer } from "../support/api-server.ts";
import { NAMESPACE } from "../support/controller/controller.ts";
import { type ControllerHarness, startControllerHarness } from "../support/controller/controller-harness.ts";
import {
  buildGatewayManifest,
  buildHttpRouteManifest,
  buildServiceOf,
  GATEWAY_CLASS,
} from "../support/controller/gateway-objects.ts";
import { waitFor } from "../support/wait-for.ts";

const Conditions = z.array(z.object({ type: z.string(), status: z.string(), reason: z.string() }));
const Status = z.object({
  conditions: Conditions.optional(),
  parents: z.array(z.object({ controllerName: z.string(), conditions: Conditions })).optional(),
  listeners: z.array(z.object({ attachedRoutes: z.number() })).optional(),
});
const CONTROLLER = "edgress.dev/ingress-controller";
const FINALIZER = "gateway-exists-finalizer.gateway.networking.k8s.io";

let server: ApiServer;
let harness: ControllerHarness;

beforeEach(async () => {
  server = await ApiServer.start({ resources: GATEWAY_RESOURCES });
  for (const name of ["kube-system", NAMESPACE]) {
    server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  harness = await startControllerHarness({ server });
});

afterEach(async () => {
  await harness.close();
  await server.stop();
});

function readStatus(kind: string, name: string) {
  const object = server.objects(kind).find(({ metadata }) => metadata.name === name);
  return Status.parse(object?.status ?? {});
}

/** Returns "Accepted=True" of each condition. */
function listConditions(conditions: z.infer<typeof Conditions> = []): string[] {
  return conditions.map(({ type, status, reason }) => `${type}=${status}${reason === type ? "" : ` ${reason}`}`).sort();
}

function listRouteConditions(name: string): string[][] {
  return (readStatus("HTTPRoute", name).parents ?? []).map(({ conditions }) => listConditions(conditions));
}

const GOOD_ROUTE = [["Accepted=True", "ResolvedRefs=True"]];

describe("The statuses of the Gateway API", () => {
  test("follow the publication, and are not written twice", async () => {
    server.apply(GATEWAY_CLASS);
    harness.apply(buildGatewayManifest("public"), buildServiceOf("default"), buildHttpRouteManifest("shop"));
    await harness.start();
    await harness.waitForRoutes("shop.example.com / -> default/shop:80");
    await waitFor(() => listRouteConditions("shop").length > 0);
    assert.deepEqual(listRouteConditions("shop"), GOOD_ROUTE);
    await waitFor(() => listConditions(readStatus("Gateway", "public").conditions).includes("Programmed=True"));
    assert.equal(readStatus("Gateway", "public").listeners?.[0]?.attachedRoutes, 1);
    await waitFor(() => listConditions(readStatus("GatewayClass", "edgress").conditions).includes("Accepted=True"));
    assert.deepEqual(server.objects("GatewayClass")[0]?.metadata.finalizers, [FINALIZER]);
    await harness.waitForEvent("Published HTTPRoute default/shop");
    const requestCount = server.requests.length;
    harness.apply(buildHttpRouteManifest("cart"));
    await waitFor(() => listRouteConditions("cart").length > 0);
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
    await waitFor(() => listRouteConditions("shop").length > 0);
    assert.deepEqual(listRouteConditions("shop"), [["Accepted=False NotAllowedByListeners", "ResolvedRefs=True"]]);
    server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "web", labels: { team: "a" } } });
    await harness.waitForRoutes("shop.example.com / -> web/shop:80");
    await waitFor(() => listRouteConditions("shop")[0]?.includes("Accepted=True"));
  });

  test("are merged again if another controller wrote at the same time", async () => {
    server.apply(GATEWAY_CLASS);
    harness.apply(buildGatewayManifest("public"), buildServiceOf("default"), buildHttpRouteManifest("shop"));
    const conflict = server.injectFault(/httproutes\/shop\/status/, { type: "answer", status: 409 }, 2);
    await harness.start();
    await waitFor(() => listRouteConditions("shop").length > 0);
    assert.equal(conflict.remaining, 0);
    assert.equal(readStatus("HTTPRoute", "shop").parents?.[0]?.controllerName, CONTROLLER);
  });
});
