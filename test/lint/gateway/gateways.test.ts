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
} from "../../support/cli/gateway-input.ts";
import { lintToJson } from "../../support/cli/lint-command.ts";

const [HTTP = {}] = LISTENERS;

describe("edgress lint of Gateways", () => {
  test("A listener that is not served blocks the hosts of its routes, at its line", async () => {
    const listeners = [HTTP, { name: "alt", port: 8080, protocol: "HTTP", hostname: "shop.example.com" }];
    const routes = [buildWebRoute("shop"), buildWebRoute("blog")];
    const { code, report } = await lintWithService(GATEWAY_CLASS, buildWebGateway(listeners), ...routes);
    assert.deepEqual(formatFindings(report, "error"), [
      "error Gateway infra/web spec.listeners[alt] ListenerNotServed: port 8080 is not available for HTTP (PortUnavailable); use port 80",
    ]);
    const [finding] = report.findings;
    assert.deepEqual([finding?.source, finding?.hosts], ["stdin:22", ["shop.example.com"]]);
    assert.deepEqual(
      report.hosts.map(({ name, causes }) => [name, causes]),
      [
        ["blog.example.com", []],
        ["shop.example.com", ["ListenerNotServed"]],
      ],
    );
    assert.deepEqual(formatVerdicts(report).at(-1), "Gateway infra/web after-one-change ListenerNotServed");
    assert.equal(code, 1);
  });

  test("A listener without a certificate is an error, also without routes", async () => {
    const listeners = [HTTP, { name: "https", port: 443, protocol: "HTTPS" }];
    const { code, report } = await lintWithService(GATEWAY_CLASS, buildWebGateway(listeners));
    assert.deepEqual(formatFindings(report, "error"), [
      'error Gateway infra/web spec.listeners[https] ListenerNotServed: the listener has no certificate (InvalidTLSConfig); set tls.certificateRefs, or tls.options["edgress.dev/certificate"]: cloudflare',
    ]);
    assert.deepEqual(formatVerdicts(report).at(-1), "Gateway infra/web after-one-change ListenerNotServed");
    assert.equal(code, 1);
  });

  test("A certificate that the manifests lack is not checked, and an error with --strict", async () => {
    const tls = { certificateRefs: [{ name: "shop-tls" }] };
    const gateway = buildWebGateway([HTTP, { name: "https", port: 443, protocol: "HTTPS", tls }]);
    const { code, report } = await lintWithService(GATEWAY_CLASS, gateway);
    const shopTls = { kind: "Secret", namespace: "infra", name: "shop-tls" };
    assert.deepEqual([code, report.uncheckedObjects], [0, [shopTls]]);
    const input = joinManifests(GATEWAY_CLASS, gateway);
    assert.deepEqual(formatFindings((await lintToJson(["-", "--strict"], input)).report, "error"), [
      "error Gateway infra/web spec.listeners[https] ListenerNotServed: tls.certificateRefs: Secret infra/shop-tls not found (InvalidCertificateRef); create it",
    ]);
  });

  test("A GatewayClass that is not accepted blocks every host of its routes", async () => {
    const parametersRef = { group: "example.com", kind: "Settings", name: "a" };
    const gatewayClass = { ...GATEWAY_CLASS, spec: { ...Object(GATEWAY_CLASS.spec), parametersRef } };
    const { report } = await lintWithService(gatewayClass, buildWebGateway(), buildWebRoute("shop"));
    assert.deepEqual(formatFindings(report), [
      "error GatewayClass edgress spec.parametersRef GatewayNotAccepted: parametersRef Settings a is not supported (InvalidParameters); remove spec.parametersRef",
    ]);
    assert.deepEqual(
      report.hosts.map(({ name, causes }) => [name, causes]),
      [["shop.example.com", ["GatewayNotAccepted"]]],
    );
  });

  test("A route that no listener takes is an error with what to do", async () => {
    const parentRefs = [{ name: "web", namespace: "infra", sectionName: "admin" }];
    const { code, report } = await lintWithService(
      GATEWAY_CLASS,
      buildWebGateway(),
      buildWebRoute("shop", { parentRefs }),
    );
    assert.deepEqual(formatFindings(report, "error"), [
      "error HTTPRoute shop/shop spec.parentRefs[0] RouteNotAttached: Gateway web has no listener with name admin (NoMatchingParent); correct the parentRef",
    ]);
    assert.deepEqual(
      report.hosts.map(({ name, causes }) => [name, causes]),
      [["shop.example.com", ["RouteNotAttached"]]],
    );
    assert.equal(code, 1);
  });

  test("A ListenerSet that its Gateway does not allow is an error", async () => {
    const set = {
      ...{ apiVersion: "gateway.networking.k8s.io/v1", kind: "ListenerSet" },
      metadata: { namespace: "shop", name: "own" },
      spec: { parentRef: { name: "web", namespace: "infra" }, listeners: [{ ...HTTP, name: "own" }] },
    };
    const { code, report } = await lintWithService(GATEWAY_CLASS, buildWebGateway(), set);
    assert.deepEqual(formatFindings(report, "error"), [
      "error ListenerSet shop/own spec GatewayNotAccepted: Gateway infra/web does not allow ListenerSets of namespace shop (NotAllowed); set spec.allowedListeners of the Gateway",
    ]);
    assert.deepEqual(formatVerdicts(report).at(-1), "ListenerSet shop/own after-one-change GatewayNotAccepted");
    assert.equal(code, 1);
  });

  test("A wildcard of an https listener that Universal SSL covers in part is a note, else a difference", async () => {
    const listeners = ["*.example.com", "*.shop.example.com"].map((hostname, index) => ({
      ...LISTENERS[1],
      ...{ hostname, name: `https-${index}` },
    }));
    const { report } = await lintWithService(GATEWAY_CLASS, buildWebGateway(listeners));
    const remedy = "enable Total TLS, or order a certificate with Advanced Certificate Manager";
    assert.deepEqual(formatFindings(report), [
      `different Gateway infra/web spec.listeners[https-1].hostname certificate-not-covered: Universal SSL covers example.com and one level below it, not *.shop.example.com: https fails there; ${remedy}`,
      `note Gateway infra/web spec.listeners[https-0].hostname certificate-not-covered: *.example.com matches names of several labels, such as a.b.example.com; Universal SSL covers one label below example.com; ${remedy}, if such names are used`,
    ]);
  });
});
