import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AppliedObject } from "../support/api-server.ts";
import {
  INGRESS_CLASS,
  startControllerHarness,
  withHarness,
  withMetadata,
} from "../support/controller/controller-harness.ts";
import { WEB_SERVICE, withController } from "../support/controller/published-ingresses.ts";
import { buildIngressManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

describe("incident: two Ingresses with the same host and path", () => {
  const created = (month: number) => `2026-0${month}-01T00:00:00Z`;
  const objects = [
    withMetadata(buildIngressManifest("shop", "shop.example.com", { "/cart": "web", "/a": "web" }), {
      namespace: "blue",
      creationTimestamp: created(1),
    }),
    withMetadata(buildIngressManifest("shop", "shop.example.com", { "/cart": "web", "/b": "web" }), {
      namespace: "red",
      creationTimestamp: created(2),
    }),
    withMetadata(buildIngressManifest("wild", "*.example.com", { "/cart": "web", "/c": "web" }), {
      namespace: "red",
      creationTimestamp: created(3),
    }),
    withMetadata(WEB_SERVICE, { namespace: "blue" }),
    withMetadata(WEB_SERVICE, { namespace: "red" }),
  ];
  const routes = [
    "*.example.com /c -> red/web:80",
    "*.example.com /cart -> red/web:80",
    "shop.example.com /a -> blue/web:80",
    "shop.example.com /b -> red/web:80",
    "shop.example.com /cart -> blue/web:80",
  ];

  test("The oldest Ingress owns a path, a wildcard host gets the rest, and each order of arrival gives the same digest", async () => {
    const digests = new Set<string>();
    for (const order of [objects, objects.toReversed(), [...objects.slice(2), ...objects.slice(0, 2)]]) {
      await withHarness(async (harness) => {
        const controller = await harness.start();
        await controller.waitForResult("completed"); // otherwise the first list would sort the objects
        for (const object of order) harness.apply(object);
        await harness.waitForRoutes(...routes);
        const { manifest } = await harness.readPublished();
        digests.add(manifest?.digest ?? "");
      })();
    }
    assert.equal(digests.size, 1);
  });

  test(
    "The younger Ingress gets an Event for the conflict, and the path when the older Ingress is deleted",
    withController(async (harness) => {
      harness.apply(...objects.toReversed());
      await harness.waitForRoutes(...routes);
      await harness.waitForEvent("PathConflict Ingress red/shop");
      harness.server.remove("Ingress", "blue", "shop");
      await waitFor(async () => (await harness.routes()).includes("shop.example.com /cart -> red/web:80"));
    }),
  );
});

describe("incident: two controllers and two classes", () => {
  const nginxClass: AppliedObject = {
    ...INGRESS_CLASS,
    metadata: { name: "nginx" },
    spec: { controller: "k8s.io/ingress-nginx" },
  };
  const nginxStatus = { loadBalancer: { ingress: [{ ip: "198.51.100.9" }] } };

  /** Returns an Ingress with one path. The class is set by field, by annotation or by both. */
  function buildIngress(
    name: string,
    host: string,
    { field, annotation }: { field?: string; annotation?: string },
    status?: object,
  ): AppliedObject {
    const annotations = annotation === undefined ? undefined : { "kubernetes.io/ingress.class": annotation };
    const ingress = buildIngressManifest(name, `${host}.example.com`, { "/": "web" }, annotations);
    return { ...ingress, spec: { ...ingress.spec, ingressClassName: field }, ...(status && { status }) };
  }

  test(
    "The controller serves and updates only Ingresses of its class, and spec.ingressClassName overrides the annotation",
    withController(async (harness, controller) => {
      harness.apply(
        nginxClass,
        buildIngress("ours", "ours", { field: "edgress" }),
        buildIngress("ours-by-field", "field", { field: "edgress", annotation: "nginx" }),
        buildIngress("ours-by-annotation", "annotation", { annotation: "edgress" }),
        buildIngress("theirs", "theirs", { field: "nginx" }, nginxStatus),
        buildIngress("theirs-by-field", "t1", { field: "nginx", annotation: "edgress" }, nginxStatus),
        buildIngress("theirs-by-annotation", "t2", { annotation: "nginx" }, nginxStatus),
        buildIngress("unclassed", "unclassed", {}, nginxStatus),
      );
      await harness.waitForRoutes(
        "annotation.example.com / -> default/web:80",
        "field.example.com / -> default/web:80",
        "ours.example.com / -> default/web:80",
      );
      const ownNames = ["ours", "ours-by-annotation", "ours-by-field"];
      await waitFor(() => ownNames.every((name) => harness.readStatus(name).live === "1"));
      await controller.sync();
      const patches = harness.clusterWrites().filter((line) => line.startsWith("PATCH"));
      assert.deepEqual(
        patches.toSorted(),
        ownNames.map((name) => `PATCH namespaces/default/ingresses/${name}/status`).toSorted(),
      );
      for (const name of ["theirs", "theirs-by-field", "theirs-by-annotation", "unclassed"]) {
        const { ingress: addresses } = nginxStatus.loadBalancer;
        assert.deepEqual(harness.readStatus(name), { addresses, live: undefined }, name);
        assert.ok(!harness.events().some((event) => event.endsWith(`/${name}`)), name);
      }
    }),
  );

  for (const [effect, status, addresses] of [
    ["its status", undefined, []],
    ["keeps the status of the other controller", nginxStatus, nginxStatus.loadBalancer.ingress],
  ] as const) {
    test(
      `An Ingress that moves to another class loses its route and ${effect}`,
      withController(async (harness) => {
        harness.apply(
          nginxClass,
          buildIngress("shop", "shop", { field: "edgress" }),
          buildIngress("blog", "blog", { field: "edgress" }),
        );
        await waitFor(() => harness.readStatus("shop").live === "1");
        harness.apply(buildIngress("shop", "shop", { field: "nginx" }, status));
        await waitFor(() => harness.readStatus("shop").live === undefined);
        assert.deepEqual(await harness.routes(), ["blog.example.com / -> default/web:80"]);
        assert.deepEqual(harness.readStatus("shop").addresses, addresses);
      }),
    );
  }

  test(
    "Two controllers of edgress serve and update only the Ingresses of their own class",
    withController(async (harness, outerController) => {
      const { server } = harness;
      const innerHarness = await startControllerHarness({ server });
      try {
        harness.apply(
          { ...INGRESS_CLASS, metadata: { name: "inner" }, spec: { controller: "example.com/inner" } },
          buildIngress("outer", "outer", { field: "edgress" }),
          buildIngress("inner", "inner", { field: "inner" }),
        );
        const innerController = await innerHarness.start({
          ingressClass: "inner",
          controller: "example.com/inner",
          leaseName: "inner",
          publishStatusAddress: ["inner-edge.example.com"],
        });
        await harness.waitForRoutes("outer.example.com / -> default/web:80");
        await waitFor(() => harness.readStatus("outer").live === "1" && harness.readStatus("inner").live === "1");
        assert.deepEqual(await innerHarness.routes(), ["inner.example.com / -> default/web:80"]);
        const syncBoth = () => Promise.all([outerController.sync(), innerController.sync()]);
        await syncBoth();
        const from = server.requests.length;
        await Promise.all([syncBoth(), syncBoth()]);
        assert.deepEqual(harness.clusterWrites(from), []);
        assert.deepEqual(harness.readStatus("outer").addresses, [{ hostname: "edge.example.com" }]);
        assert.deepEqual(harness.readStatus("inner").addresses, [{ hostname: "inner-edge.example.com" }]);
      } finally {
        await innerHarness.close();
      }
    }),
  );
});
