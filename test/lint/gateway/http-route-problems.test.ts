import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  buildWebRoute,
  formatFindings,
  formatVerdicts,
  lintRoutes,
  SHOP_SERVICE,
} from "../../support/cli/gateway-input.ts";

describe("problems of HTTPRoutes", () => {
  test("A rule with a filter or value that the edge lacks blocks the host", async () => {
    const filters = [{ type: "ExtensionRef", extensionRef: { group: "example.com", kind: "Limit", name: "a" } }];
    const { code, report } = await lintRoutes(buildWebRoute("web", { rules: [{ filters, backendRefs: SHOP }] }));
    assert.deepEqual(formatFindings(report), [
      "error HTTPRoute shop/web spec.rules[0].filters[0] UnsupportedRouteRule: expected a ConfigMap in a filter of a rule, got Limit a; correct it; until then the rule returns 500",
    ]);
    assert.deepEqual([report.findings[0]?.url, report.findings[0]?.edgress], ["http://web.example.com/", "500"]);
    assert.deepEqual(formatVerdicts(report).at(-1), "HTTPRoute shop/web after-one-change UnsupportedRouteRule");
    assert.equal(code, 1);
  });

  test("Backends without an address, port or permission are errors with the response of the edge", async () => {
    const rules = [
      { matches: [{ path: { value: "/a" } }], backendRefs: [{ name: "inner", port: 80 }] },
      { matches: [{ path: { value: "/b" } }], backendRefs: [{ name: "shop", port: 81 }] },
      { matches: [{ path: { value: "/c" } }], backendRefs: [{ name: "far", namespace: "far", port: 80 }] },
    ];
    const inner = { ...SHOP_SERVICE, metadata: { namespace: "shop", name: "inner" }, status: {} };
    const { code, report } = await lintRoutes(buildWebRoute("web", { rules }), inner);
    assert.deepEqual(
      report.findings.map(({ field, rule, url, edgress }) => [field, rule, url, edgress]),
      [
        ["spec.rules[0].backendRefs[0]", "NoExternalAddress", "http://web.example.com/a", "503"],
        ["spec.rules[1].backendRefs[0]", "ServiceNotFound", "http://web.example.com/b", "500"],
        ["spec.rules[2].backendRefs[0]", "ReferenceNotPermitted", "http://web.example.com/c", "500"],
      ],
    );
    assert.ok(report.findings.every(({ nginx }) => nginx === undefined));
    assert.equal(code, 1);
  });

  test("Unknown, invalid and replaced annotations are reported", async () => {
    const annotations = {
      "edgress.dev/limit-rsp": "5",
      "edgress.dev/proxy-body-size": "many",
      "edgress.dev/rewrite-target": "/",
    };
    const { code, report } = await lintRoutes(buildWebRoute("web", {}, annotations));
    assert.deepEqual(
      report.findings.map(({ kind, field, rule }) => [kind, field, rule]),
      [
        ["unsupported", "metadata.annotations[edgress.dev/rewrite-target]", "UnsupportedAnnotation"],
        ["different", "metadata.annotations[edgress.dev/limit-rsp]", "UnknownAnnotation"],
        ["different", "metadata.annotations[edgress.dev/proxy-body-size]", "InvalidAnnotation"],
        ["unchanged", "spec.rules", "served-rules"],
      ],
    );
    assert.equal(code, 0);
  });

  test("A ConfigMap of a rule with an unknown key or a private source range is reported at the filter", async () => {
    const buildSettings = (name: string, data: object) => {
      return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "shop", name }, data };
    };
    const buildRule = (path: string, name: string) => ({
      matches: [{ path: { value: path } }],
      filters: [{ type: "ExtensionRef", extensionRef: { group: "", kind: "ConfigMap", name } }],
      backendRefs: SHOP,
    });
    const { report } = await lintRoutes(
      buildWebRoute("web", { rules: [buildRule("/a", "typo"), buildRule("/b", "office")] }),
      buildSettings("typo", { "whitelist-source-rang": "192.0.2.0/24" }),
      buildSettings("office", { "whitelist-source-range": "10.0.0.0/8" }),
    );
    assert.deepEqual(formatFindings(report, "error"), [
      "error HTTPRoute shop/web spec.rules[0].filters UnsupportedRouteRule: ConfigMap typo has whitelist-source-rang, which is no setting of a rule of an HTTPRoute; correct the filter ExtensionRef; until then the rule returns 500",
      "error HTTPRoute shop/web spec.rules[1].filters private-source-range: every client gets 403: the list has only private addresses (10.0.0.0/8), and no client at the edge has one; set the public addresses of these clients, or use auth-url or Cloudflare Access",
    ]);
  });

  test("A host outside the zones blocks this host only", async () => {
    const route = buildWebRoute("web", { hostnames: ["web.example.com", "web.example.org"] });
    const { report } = await lintRoutes(route);
    assert.deepEqual(
      report.hosts.map(({ name, verdict, causes }) => [name, verdict, causes]),
      [
        ["web.example.com", "now", []],
        ["web.example.org", "after-one-change", ["HostNotInZone"]],
      ],
    );
  });

  test("A host that Universal SSL does not cover is reported, unless only http reaches it", async () => {
    const deep = { hostnames: ["a.b.example.com"] };
    const { report } = await lintRoutes(
      buildWebRoute("deep", deep),
      buildWebRoute("plain", {
        hostnames: ["c.d.example.com"],
        parentRefs: [{ name: "web", namespace: "infra", port: 80 }],
      }),
    );
    assert.deepEqual(formatFindings(report, "different"), [
      "different HTTPRoute shop/deep spec.hostnames[0] certificate-not-covered: Universal SSL covers example.com and one level below it, not a.b.example.com: https fails there; enable Total TLS, or order a certificate with Advanced Certificate Manager",
    ]);
  });

  test("An HTTPRoute that is not readable is an error with a verdict", async () => {
    const { code, report } = await lintRoutes(buildWebRoute("web", { hostnames: "web.example.com" }));
    assert.deepEqual(formatVerdicts(report).at(-1), "HTTPRoute shop/web after-one-change InvalidObject");
    assert.equal(code, 1);
  });
});

const SHOP = [{ name: "shop", port: 80 }];
