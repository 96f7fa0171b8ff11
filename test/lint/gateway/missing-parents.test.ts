import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  buildWebGateway,
  buildWebRoute,
  formatFindings,
  formatVerdicts,
  joinManifests,
  lintWithService,
  SHOP_SERVICE,
} from "../../support/cli/gateway-input.ts";
import { lintToJson } from "../../support/cli/lint-command.ts";

describe("parents that the manifests lack", () => {
  test("A Gateway that the manifests lack is assumed to take the route, with a note", async () => {
    const { code, report } = await lintWithService(buildWebRoute("shop"));
    assert.deepEqual(formatFindings(report), [
      "note HTTPRoute shop/shop spec.parentRefs[0] gateway-not-in-manifests: Gateway infra/web not found: it is assumed to be of edgress, and to take the route; name its manifest too, or use --live",
      "unchanged HTTPRoute shop/shop spec.rules served-rules: 1 rule served on shop.example.com",
    ]);
    assert.deepEqual(formatVerdicts(report), ["HTTPRoute shop/shop now"]);
    assert.deepEqual(report.uncheckedObjects, [{ kind: "Gateway", namespace: "infra", name: "web" }]);
    assert.equal(code, 0);
  });

  test("Routes of sections for http and https of an assumed Gateway do not conflict", async () => {
    const refer = (sectionName: string) => ({ parentRefs: [{ name: "web", namespace: "infra", sectionName }] });
    const redirect = [{ filters: [{ type: "RequestRedirect", requestRedirect: { scheme: "https" } }] }];
    const { report } = await lintWithService(
      buildWebRoute("shop", refer("web-https")),
      buildWebRoute("plain", { ...refer("http"), hostnames: ["shop.example.com"], rules: redirect }),
    );
    assert.deepEqual(
      report.findings
        .filter(({ kind }) => kind === "unchanged")
        .map(({ object, url, edgress }) => [object, url, edgress]),
      [
        ["HTTPRoute shop/plain", "http://shop.example.com/", "302 https://shop.example.com/"],
        ["HTTPRoute shop/shop", "https://shop.example.com/", "shop/shop:80"],
      ],
    );
    assert.deepEqual(formatFindings(report, "error", "different"), []);
  });

  test("With --strict, a parent that the manifests lack is an error", async () => {
    const input = joinManifests(buildWebRoute("shop"), SHOP_SERVICE);
    const { code, report } = await lintToJson(["-", "--strict"], input);
    assert.deepEqual(formatFindings(report), [
      "error HTTPRoute shop/shop spec.parentRefs[0] GatewayNotFound: Gateway infra/web not found; create it, or correct the parentRef",
    ]);
    assert.deepEqual(formatVerdicts(report), ["HTTPRoute shop/shop after-one-change GatewayNotFound"]);
    assert.equal(code, 1);
  });

  test("A GatewayClass that the manifests lack is assumed if it has the name edgress, and an error with --strict", async () => {
    const { code, report } = await lintWithService(buildWebGateway(), buildWebRoute("shop"));
    assert.deepEqual(formatVerdicts(report), ["Gateway infra/web now", "HTTPRoute shop/shop now"]);
    assert.deepEqual([code, report.uncheckedObjects], [0, [{ kind: "GatewayClass", namespace: "", name: "edgress" }]]);
    const input = joinManifests(buildWebGateway(), buildWebRoute("shop"), SHOP_SERVICE);
    assert.deepEqual(formatFindings((await lintToJson(["-", "--strict"], input)).report), [
      "error Gateway infra/web spec.gatewayClassName gateway-class-not-found: GatewayClass not found: edgress; create the GatewayClass with the name of the controller in spec.controllerName",
    ]);
  });
});
