import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  buildWebGateway,
  buildWebRoute,
  formatFindings,
  formatVerdicts,
  GATEWAY_CLASS,
  joinManifests,
  LISTENERS,
  lintWithService,
  SHOP_SERVICE,
} from "../../support/cli/gateway-input.ts";
import { lintToJson, runWithInput } from "../../support/cli/lint-command.ts";

describe("Gateways of other controllers", () => {
  const istioClass = {
    ...{ ...GATEWAY_CLASS, metadata: { name: "istio" } },
    spec: { controllerName: "istio.io/gateway-controller" },
  };
  const istioGateway = buildWebGateway(LISTENERS, "istio", "mesh");
  const istioRoute = buildWebRoute("mesh", { parentRefs: [{ name: "mesh", namespace: "infra" }] });

  test("Gateways and routes of other controllers are counted by class, and not checked", async () => {
    const ours = [GATEWAY_CLASS, buildWebGateway(), buildWebRoute("shop")];
    const { code, report } = await lintWithService(...ours, istioClass, istioGateway, istioRoute);
    assert.deepEqual(formatVerdicts(report), [
      "GatewayClass edgress now",
      "Gateway infra/web now",
      "HTTPRoute shop/shop now",
    ]);
    assert.deepEqual(report.skippedClasses, [
      { kind: "GatewayClass", name: "istio", controller: "istio.io/gateway-controller", count: 2 },
    ]);
    assert.equal(code, 0);
  });

  test("A route with parents of two controllers is checked at ours, with a note", async () => {
    const both = buildWebRoute("shop", { parentRefs: ["web", "mesh"].map((name) => ({ name, namespace: "infra" })) });
    const { code, report } = await lintWithService(GATEWAY_CLASS, buildWebGateway(), both, istioClass, istioGateway);
    assert.deepEqual(formatFindings(report), [
      "note HTTPRoute shop/shop spec.parentRefs[1] parent-of-other-controller: Gateway infra/mesh belongs to another controller; the route is not checked there",
      "unchanged HTTPRoute shop/shop spec.rules served-rules: 1 rule served on shop.example.com",
    ]);
    assert.equal(code, 0);
  });

  test("edgress lint exits with 2 and names the class if no object is ours", async () => {
    const input = joinManifests(istioClass, istioGateway, istioRoute);
    assert.deepEqual(await runWithInput(["lint", "-"], input), {
      code: 2,
      out: "",
      error:
        "edgress: no HTTPRoute of edgress in -: other classes: GatewayClass istio (2). If edgress has another controller name, use --from edgress --controller istio.io/gateway-controller\n",
    });
  });

  test("--from edgress --controller selects the GatewayClasses of another name", async () => {
    const input = joinManifests(istioClass, istioGateway, istioRoute, SHOP_SERVICE);
    const options = ["-", "--from", "edgress", "--controller", "istio.io/gateway-controller"];
    assert.deepEqual(formatVerdicts((await lintToJson(options, input)).report), [
      "Gateway infra/mesh now",
      "GatewayClass istio now",
      "HTTPRoute shop/mesh now",
    ]);
  });
});
