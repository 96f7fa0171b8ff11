import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  buildWebGateway,
  buildWebRoute,
  formatFindings,
  formatVerdicts,
  GATEWAY_CLASS,
  joinManifests,
  lintRoutes,
  SHOP_SERVICE,
} from "../../support/cli/gateway-input.ts";
import { runWithInput } from "../../support/cli/lint-command.ts";

describe("edgress lint of HTTPRoutes", () => {
  test("A route that the edge serves can move, and has a sample URL", async () => {
    const { code, report } = await lintRoutes(buildWebRoute("web"));
    assert.deepEqual(formatVerdicts(report), [
      "GatewayClass edgress now",
      "Gateway infra/web now",
      "HTTPRoute shop/web now",
    ]);
    assert.deepEqual(report.findings, [
      {
        object: "HTTPRoute shop/web",
        field: "spec.rules",
        source: "stdin:58",
        rule: "served-rules",
        kind: "unchanged",
        message: "1 rule served on web.example.com",
        url: "http://web.example.com/",
        edgress: "shop/shop:80",
        place: "spec.rules",
        hosts: ["web.example.com"],
        cause: "served-rules",
        isKnown: false,
      },
    ]);
    assert.equal(code, 0);
  });

  test("A host lists its Ingresses and HTTPRoutes, and the summary counts each kind", async () => {
    const { report } = await lintRoutes(buildWebRoute("web"), buildIngress("web.example.com", "/cart"));
    assert.deepEqual(report.hosts, [
      {
        name: "web.example.com",
        verdict: "now",
        changes: 0,
        causes: [],
        differences: 0,
        ingresses: ["shop/old"],
        objects: ["HTTPRoute shop/web", "Ingress shop/old"],
      },
    ]);
    assert.deepEqual(
      report.ingresses.map(({ kind, name }) => [kind, name]),
      [["Ingress", "shop/old"]],
    );
    const input = joinManifests(
      ...[GATEWAY_CLASS, buildWebGateway(), SHOP_SERVICE],
      ...[buildWebRoute("web"), buildWebRoute("api"), buildIngress("web.example.com", "/cart")],
    );
    const { code, out } = await runWithInput(["lint", "-", "--zone", "example.com", "--summary"], input);
    assert.equal(code, 0);
    assert.deepEqual(out.split("\n"), [
      "1 Ingress, 2 HTTPRoutes, 1 Gateway, 1 GatewayClass, 2 hosts",
      "",
      "  can move now           2 hosts      1 Ingress   2 HTTPRoutes      1 Gateway",
      "  after one change       0 hosts    0 Ingresses   0 HTTPRoutes     0 Gateways",
      "  after more changes     0 hosts    0 Ingresses   0 HTTPRoutes     0 Gateways",
      "  cannot move            0 hosts    0 Ingresses   0 HTTPRoutes     0 Gateways",
      "",
      "No cause blocks a host.",
      "",
      "Findings: 0 errors, 0 unsupported, 0 different, 0 notes, 3 unchanged",
      "",
    ]);
  });

  test("A match by a query parameter has a sample URL with the parameter", async () => {
    const match = { path: { value: "/cart" }, queryParams: [{ name: "a b", value: "1" }] };
    const { report } = await lintRoutes(buildWebRoute("web", { rules: [{ matches: [match], backendRefs: SHOP }] }));
    assert.deepEqual(
      report.findings.map(({ url, edgress }) => [url, edgress]),
      [["http://web.example.com/cart?a+b=1", "shop/shop:80"]],
    );
  });

  test("Of a host that an Ingress and an HTTPRoute share, the loser of a path is reported", async () => {
    const old = buildIngress("web.example.com", "/", { creationTimestamp: "2026-01-01T00:00:00Z" });
    const { code, report } = await lintRoutes(buildWebRoute("web"), old);
    assert.deepEqual(formatFindings(report, "error", "different"), [
      "different HTTPRoute shop/web spec.rules[0].matches[0] PathConflict: prefix path / of host web.example.com already belongs to Ingress shop/old; remove one of the two, or change its host or path",
    ]);
    assert.equal(code, 0);
  });
});

const SHOP = [{ name: "shop", port: 80 }];

function buildIngress(host: string, path: string, metadata: object = {}) {
  const backend = { service: { name: "shop", port: { number: 80 } } };
  return {
    ...{ apiVersion: "networking.k8s.io/v1", kind: "Ingress" },
    metadata: { namespace: "shop", name: "old", ...metadata },
    spec: { ingressClassName: "nginx", rules: [{ host, http: { paths: [{ path, pathType: "Prefix", backend }] } }] },
  };
}
