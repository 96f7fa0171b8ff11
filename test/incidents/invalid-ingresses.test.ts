import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AppliedObject } from "../support/api-server.ts";
import { withMetadata } from "../support/controller/controller-harness.ts";
import { buildIngressWithRules, withController, withPathType } from "../support/controller/published-ingresses.ts";
import { buildIngressManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

describe("incident: an Ingress is invalid", { concurrency: 6 }, () => {
  test(
    "An Ingress with an unsupported pathType keeps its last good rules, and other Ingresses keep changing",
    withController(async (harness, controller) => {
      harness.apply(
        buildIngressManifest("shop", "shop.example.com", { "/cart": "web" }),
        buildIngressManifest("blog", "blog.example.com", { "/": "web" }),
      );
      await harness.waitForRoutes("blog.example.com / -> default/web:80", "shop.example.com /cart -> default/web:80");
      await waitFor(() => harness.readStatus("shop").live === "1" && harness.readStatus("blog").live === "1");
      harness.apply(withPathType(buildIngressManifest("shop", "shop.example.com", { "/new": "web" }), "Regex"));
      harness.apply(buildIngressManifest("blog", "blog.example.com", { "/posts": "web" }));
      await harness.waitForRoutes(
        "blog.example.com /posts -> default/web:80",
        "shop.example.com /cart -> default/web:80",
      );
      await waitFor(() => harness.readStatus("blog").live === "2");
      assert.equal(harness.readStatus("shop").live, "1");
      await harness.waitForEvent("ServingLastGood Ingress default/shop");
      assert.deepEqual(
        harness
          .events()
          .filter((event) => event.endsWith("default/shop"))
          .toSorted(),
        ["InvalidPath Ingress default/shop", "Published Ingress default/shop", "ServingLastGood Ingress default/shop"],
      );
      assert.equal(await controller.metric("edgress_last_good_ingresses"), 1);
      await controller.waitForLog(/has not compiled since 20.*its last good version is served/);
    }),
  );

  test(
    "A restarted controller keeps the last good rules of an Ingress and their date, until it is corrected",
    withController(async (harness, controller) => {
      harness.apply(buildIngressManifest("shop", "shop.example.com", { "/cart": "web" }));
      await harness.waitForRoutes("shop.example.com /cart -> default/web:80");
      harness.apply(withPathType(buildIngressManifest("shop", "shop.example.com", { "/new": "web" }), "Regex"));
      await controller.waitForLog(/ServingLastGood/);
      const since = /has not compiled since ([^;]*);/;
      const first = controller.lines.map((line) => since.exec(line)?.[1]).find((time) => time !== undefined);
      await controller.stop();
      const next = await harness.start();
      await next.waitForLog(/ServingLastGood/);
      assert.equal(
        next.lines.map((line) => since.exec(line)?.[1]).find((time) => time !== undefined),
        first,
      );
      await harness.waitForRoutes("shop.example.com /cart -> default/web:80");
      harness.apply(buildIngressManifest("shop", "shop.example.com", { "/new": "web" }));
      await harness.waitForRoutes("shop.example.com /new -> default/web:80");
      await waitFor(async () => (await next.metric("edgress_last_good_ingresses")) === 0);
    }),
  );

  test(
    "An Ingress that is recreated during a disconnected watch gets new Events and a new status",
    withController(async (harness) => {
      const creationTimestamp = "2026-01-01T00:00:00Z";
      const ingress = withMetadata(
        buildIngressManifest("shop", "shop.example.com", { "/cart": "web", "no-slash": "web" }),
        {
          creationTimestamp,
        },
      );
      const countEvents = () => harness.events().filter((event) => event === "InvalidPath Ingress default/shop").length;
      harness.apply(ingress);
      await waitFor(() => countEvents() === 1 && harness.readStatus("shop").live === "1");
      harness.server.injectWatchFault(/ingresses\?/, { type: "cut" });
      harness.server.remove("Ingress", "default", "shop");
      harness.server.apply(ingress);
      harness.server.compact(); // only a list can find it
      await waitFor(() => countEvents() === 2 && harness.readStatus("shop").live === "1");
    }),
  );

  const rows: readonly (readonly [string, AppliedObject, readonly string[]])[] = [
    ["A rule with a host and without http", buildIngressWithRules("shape", [{ host: "shape.example.com" }]), []],
    [
      "A rule with a host and with http null",
      buildIngressWithRules("shape", [{ host: "shape.example.com", http: null }]),
      [],
    ],
    ["An empty rule", buildIngressWithRules("shape", [{}]), []],
    [
      "A rule with an empty host",
      buildIngressManifest("shape", "", { "/shape": "web" }),
      ["* /shape -> default/web:80"],
    ],
    ["An Ingress without rules", buildIngressWithRules("shape", []), []],
    [
      "An Ingress with rules null",
      { ...buildIngressWithRules("shape", []), spec: { ingressClassName: "edgress", rules: null } },
      [],
    ],
    ["An Ingress without a spec", { ...buildIngressWithRules("shape", []), spec: null }, []],
    [
      "A rule with paths null",
      buildIngressWithRules("shape", [{ host: "shape.example.com", http: { paths: null } }]),
      [],
    ],
    [
      "A path without a backend",
      buildIngressWithRules("shape", [{ host: "shape.example.com", http: { paths: [{ path: "/" }] } }]),
      [],
    ],
  ];
  for (const [subject, ingress, routes] of rows) {
    test(
      `${subject} leaves other Ingresses and the controller unaffected`,
      withController(async (harness, controller) => {
        harness.apply(buildIngressManifest("shop", "shop.example.com", { "/": "web" }), ingress);
        await harness.waitForRoutes(...routes, "shop.example.com / -> default/web:80");
        harness.apply(buildIngressManifest("shop", "shop.example.com", { "/cart": "web" }));
        await harness.waitForRoutes(...routes, "shop.example.com /cart -> default/web:80");
        assert.ok(controller.results.every(({ type }) => type !== "failed"));
      }),
    );
  }

  test(
    "Paths with colons, braces, bars, spaces and non-ASCII letters are served, and an invalid path is left out alone",
    withController(async (harness) => {
      const paths = { "/api/v1/x:batchDelete": "web", "/{a|b}": "web", "/two words": "web", "/größe/日本": "web" };
      harness.apply(buildIngressManifest("shop", "shop.example.com", { ...paths, "no-slash": "web" }));
      await harness.waitForRoutes(
        "shop.example.com /api/v1/x:batchDelete -> default/web:80",
        "shop.example.com /größe/日本 -> default/web:80",
        "shop.example.com /two words -> default/web:80",
        "shop.example.com /{a|b} -> default/web:80",
      );
      await harness.waitForEvent("InvalidPath Ingress default/shop");
    }),
  );
});

describe("incident: an expensive regex", () => {
  const regex = { "nginx.ingress.kubernetes.io/use-regex": "true" };
  const longRegex = `/${"[a-z]{2}".repeat(25)}`;

  test(
    "A regex of 200 characters is served, and one with catastrophic backtracking is rejected within 5 s",
    withController(async (harness) => {
      assert.equal(longRegex.length, 201);
      const shop = buildIngressManifest(
        "shop",
        "shop.example.com",
        { [longRegex]: "web", "/(a+)+(b+)+(a+)+$": "web", "/fine": "web" },
        regex,
      );
      const startedAt = performance.now();
      harness.apply(
        withPathType(shop, "ImplementationSpecific"),
        buildIngressManifest("blog", "blog.example.com", { "/": "web" }),
      );
      await waitFor(async () => (await harness.routes()).includes("blog.example.com / -> default/web:80"));
      assert.ok(performance.now() - startedAt < 5000);
      assert.deepEqual(await harness.routes(), [
        "blog.example.com / -> default/web:80",
        `shop.example.com ^${longRegex} -> default/web:80`,
        "shop.example.com ^/fine -> default/web:80",
      ]);
      await harness.waitForEvent("UnsafeRegex Ingress default/shop");
    }),
  );

  test(
    "An Ingress that gets an unsafe regex keeps its last good rules, and other Ingresses keep changing",
    withController(async (harness) => {
      harness.apply(
        buildIngressManifest("shop", "shop.example.com", { "/fine": "web" }),
        buildIngressManifest("blog", "blog.example.com", { "/": "web" }),
      );
      await harness.waitForRoutes("blog.example.com / -> default/web:80", "shop.example.com /fine -> default/web:80");
      const unsafeIngress = buildIngressManifest("shop", "shop.example.com", { "/(a+)+(b+)+(a+)+$": "web" }, regex);
      harness.apply(
        withPathType(unsafeIngress, "ImplementationSpecific"),
        buildIngressManifest("blog", "blog.example.com", { "/new": "web" }),
      );
      await harness.waitForRoutes(
        "blog.example.com /new -> default/web:80",
        "shop.example.com /fine -> default/web:80",
      );
    }),
  );
});
