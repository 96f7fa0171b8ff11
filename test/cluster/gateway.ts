// Run by `npm run test:cluster`: Gateway API objects on a recent API server, with the permissions of deploy/.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as z from "zod";
import { startControlPlane } from "../support/cluster/control-plane.ts";
import { findGatewayDefinitions } from "../support/cluster/gateway-definitions.ts";
import { assertChangeWithin, runInParallel, startClusterHarness, waitForValue } from "../support/cluster/synced.ts";
import { type ControllerProcess, startControllerProcess } from "../support/controller/controller-process.ts";
import {
  buildGatewayManifest,
  buildHttpRouteManifest,
  buildServiceOf,
  GATEWAY_CLASS,
} from "../support/controller/gateway-objects.ts";

const LIMIT_MS = 3000;
const API = "/apis/gateway.networking.k8s.io/v1";
const definitions = process.env.KUBECONFIG ? undefined : findGatewayDefinitions();
const skip =
  definitions === undefined && "the Gateway API is installed in a local cluster, with the Go module of its definitions";

const Conditions = z.array(
  z.object({ type: z.string(), status: z.string(), reason: z.string(), observedGeneration: z.number().optional() }),
);
const StatusObject = z.object({
  metadata: z.object({ generation: z.number().optional() }),
  status: z
    .object({
      conditions: Conditions.optional(),
      parents: z.array(z.object({ conditions: Conditions })).optional(),
      listeners: z.array(z.object({ attachedRoutes: z.number() })).optional(),
      addresses: z.array(z.object({ type: z.string(), value: z.string() })).optional(),
    })
    .optional(),
});

describe("the Gateway API on Kubernetes 1.36", { skip }, async () => {
  if (definitions === undefined) return;
  const cluster = await startControlPlane({ version: "1.36" });
  after(() => cluster.close());
  const harness = await startClusterHarness(cluster);
  after(() => harness.close());
  const { api, waitForAnswer: answers } = harness;
  const [home, tenant] = [await cluster.createNamespace(), await cluster.createNamespace()];
  let [controller]: ControllerProcess[] = [];
  after(() => controller?.end());

  const apply = (...items: readonly object[]) =>
    cluster.kubectl(["apply", "--filename", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  const read = async (path: string) => StatusObject.parse(await api.get(`${API}/${path}`));
  const readRoute = async (name: string, namespace = home) => {
    const { status } = await read(`namespaces/${namespace}/httproutes/${name}`);
    return (status?.parents ?? []).map(({ conditions }) => listConditions(conditions));
  };
  const waitForRoute = (name: string, expected: string, namespace = home, limitMs = 20_000) =>
    waitForValue(
      `the status of ${name}`,
      () => readRoute(name, namespace),
      (parents) => JSON.stringify(parents) === expected,
      limitMs,
    );
  const waitForAccepted = (name: string, namespace = home, limitMs = 20_000) =>
    waitForRoute(name, '["Accepted=True, ResolvedRefs=True"]', namespace, limitMs);

  before(async () => {
    await cluster.kubectl(["apply", "--kustomize", "deploy/base"]);
    await harness.startOrigin("203.0.113.10:80", "shop");
    controller = await startControllerProcess({
      kubeconfig: await cluster.createKubeconfig("edgress", "edgress"),
      environment: { ...harness.environment, POD_NAME: "edgress-0", POD_NAMESPACE: "edgress" },
      args: ["--allow-mass-deletion"],
    });
    await apply(buildServiceOf(home), buildServiceOf(tenant));
  });

  test("Definitions that are installed after the controller has started are used within 30 s", async (t) => {
    await cluster.kubectl(["apply", "--server-side", "--filename", definitions]);
    await cluster.kubectl(["wait", "--for", "condition=established", "--timeout=30s", "crd", "--all"]);
    await apply(GATEWAY_CLASS);
    await assertChangeWithin(t, 30_000, "class accepted", {
      waitForEffect: () =>
        waitForValue(
          "the class",
          async () => listConditions((await read("gatewayclasses/edgress")).status?.conditions),
          "Accepted=True, SupportedVersion=True",
          30_000,
        ),
    });
  });

  test("A Gateway and an HTTPRoute that kubectl applies are live with their statuses within 3 s", async (t) => {
    await assertChangeWithin(t, LIMIT_MS, "applied", {
      change: () => apply(buildGatewayManifest("public", {}, home), buildHttpRouteManifest("shop", home, home)),
      async waitForEffect() {
        await answers("http://shop.example.com/x", "shop /x");
        await waitForAccepted("shop");
        await waitForValue(
          "the Gateway",
          async () => (await read(`namespaces/${home}/gateways/public`)).status?.listeners?.[0]?.attachedRoutes,
          1,
        );
      },
    });
    const { status } = await read(`namespaces/${home}/gateways/public`);
    assert.equal(listConditions(status?.conditions), "Accepted=True, Programmed=True, ResolvedRefs=True");
    assert.equal(status?.addresses?.[0]?.type, "Hostname");
    await assertChangeWithin(t, LIMIT_MS, "edited", {
      change: () => {
        const route = buildHttpRouteManifest("shop", home, home);
        return apply({ ...route, spec: { ...(route.spec as object), hostnames: ["new.example.com"] } });
      },
      async waitForEffect() {
        await answers("http://new.example.com/", "shop /");
        await answers("http://shop.example.com/", "404");
        await waitForValue(
          "the generation of the status",
          async () => {
            const route = await read(`namespaces/${home}/httproutes/shop`);
            return route.status?.parents?.[0]?.conditions.every(
              ({ observedGeneration }) => observedGeneration === route.metadata.generation,
            );
          },
          true,
        );
      },
    });
  });

  test("A namespace's new label admits its routes within 3 s, and its removal refuses them", async (t) => {
    const namespaces = { from: "Selector", selector: { matchLabels: { team: "a" } } };
    await apply(buildGatewayManifest("public", { namespaces }, home), buildHttpRouteManifest("cart", tenant, home));
    await waitForRoute("cart", '["Accepted=False NotAllowedByListeners, ResolvedRefs=True"]', tenant);
    await assertChangeWithin(t, LIMIT_MS, "labeled", {
      change: () => cluster.kubectl(["label", "namespace", tenant, "team=a"]),
      async waitForEffect() {
        await answers("http://cart.example.com/", "shop /");
        await waitForAccepted("cart", tenant);
      },
    });
    await assertChangeWithin(t, LIMIT_MS, "label removed", {
      change: () => cluster.kubectl(["label", "namespace", tenant, "team-"]),
      waitForEffect: () => answers("http://cart.example.com/", "404"),
    });
    await apply(buildGatewayManifest("public", {}, home));
  });

  test("1,000 HTTPRoutes that are created in parallel are live with their statuses within 30 s", async (t) => {
    const names = Array.from({ length: 1000 }, (_, index) => `n-${index}`);
    const startedAt = performance.now();
    const reportTime = (label: string) =>
      t.diagnostic(`${label} after ${Math.round(performance.now() - startedAt)} ms`);
    await assertChangeWithin(t, 30_000, "all of it", {
      async change() {
        await runInParallel(names, (name) =>
          api.create(`${API}/namespaces/${home}/httproutes`, buildHttpRouteManifest(name, home, home)),
        );
        reportTime("created");
      },
      async waitForEffect() {
        await runInParallel(names, (name) => answers(`http://${name}.example.com/`, "shop /"));
        reportTime("live");
        await runInParallel(names, (name) => waitForAccepted(name));
        reportTime("status written");
      },
    });
  });

  test("The routes of a deleted Gateway are gone within 3 s, and their statuses have no parent", async (t) => {
    await assertChangeWithin(t, LIMIT_MS, "deleted", {
      change: () => cluster.kubectl(["delete", "gateway", "public", "--namespace", home]),
      async waitForEffect() {
        await answers("http://n-1.example.com/", "404");
        await waitForRoute("n-1", "[]");
      },
    });
  });

  test("A GatewayClass is kept while a Gateway uses it", async () => {
    const remove = ["delete", "gatewayclass", "edgress", "--wait=false"];
    const exists = async () => (await cluster.kubectl(["get", "gatewayclasses", "--output", "name"])) !== "";
    await apply(buildGatewayManifest("last", {}, home));
    await waitForValue(
      "the finalizer",
      () => cluster.kubectl(["get", "gatewayclass", "edgress", "--output", "yaml"]),
      (text) => text.includes("gateway-exists-finalizer"),
    );
    await cluster.kubectl(remove);
    assert.equal(await exists(), true);
    await cluster.kubectl(["delete", "gateway", "last", "--namespace", home]);
    await waitForValue("the class", exists, false);
  });
});

function listConditions(conditions: z.infer<typeof Conditions> = []): string {
  return conditions
    .map(({ type, status, reason }) => `${type}=${status}${reason === type ? "" : ` ${reason}`}`)
    .sort()
    .join(", ");
}
