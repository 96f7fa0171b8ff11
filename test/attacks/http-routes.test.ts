import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildRoute, buildTenantIngress, compileTenants, forwardTo, NO_CLAIMS, OLD, YOUNG } from "./tenant-routes.ts";

// HTTPRoutes of bob against the host of alice, and with values that only a folder can have.

const FRONT = buildRoute("alice/front", ["a.example.com"], [forwardTo("app")], { metadata: OLD });
const INGRESS = buildTenantIngress("alice/front", "a.example.com", { "/": "app" }, OLD);
const FILTERS = [
  { type: "RequestRedirect", requestRedirect: { hostname: "b.example.com" } },
  { type: "CORS", cors: { allowOrigins: ["*"], allowCredentials: true } },
  { type: "RequestMirror", requestMirror: { backendRef: { name: "web", port: 80 } } },
  {
    type: "ExternalAuth",
    externalAuth: { protocol: "HTTP", backendRef: { name: "web", port: 80 }, http: { allowedHeaders: ["Cookie"] } },
  },
];
const REQUEST = { method: "POST", headers: { "X-A": "b" } };
const RULES = [
  forwardTo("web", { matches: [{ method: "POST", headers: [{ name: "X-A", value: "b" }] }] }),
  forwardTo("web", { matches: [{ path: { type: "Exact", value: "/" } }] }),
  forwardTo("web", { matches: [{ path: { type: "RegularExpression", value: "/.*" } }] }),
  forwardTo("web", { matches: [{ queryParams: [{ type: "RegularExpression", name: "a", value: ".*" }] }] }),
  ...FILTERS.map((filter) => ({ matches: [{ method: "POST" }], filters: [filter] })),
];

/** Two owners of the host: an HTTPRoute and an Ingress. */
for (const [kind, owned] of [
  ["HTTPRoute", FRONT],
  ["Ingress", INGRESS],
] as const) {
  describe(`rules of another tenant for the host of an ${kind}`, () => {
    for (const [setting, options, reason] of [
      ["permits", {}, "ClaimNotPermitted HTTPRoute bob/r"],
      ["exclusive hosts", { permits: NO_CLAIMS, exclusiveHosts: true }, "HostOwnerConflict HTTPRoute bob/r"],
    ] as const) {
      test(`With ${setting}, no conditions and no filter of another tenant get a request`, async () => {
        for (const [index, rule] of RULES.entries()) {
          const rival = buildRoute("bob/r", ["a.example.com"], [rule], { metadata: YOUNG });
          const { find, reasons } = compileTenants([owned, rival], options);
          assert.equal(await find("http://a.example.com/?a=1", REQUEST), "alice/app:80", `rule ${index}`);
          assert.ok(reasons.includes(reason), `rule ${index}: ${reasons}`);
        }
      });
    }

    test("A path-limited tenant gets no request outside of its path by conditions or regexes", async () => {
      const permits = `
claims:
  - { namespaces: [alice], hosts: [a.example.com] }
  - { namespaces: [bob], hosts: [a.example.com], paths: [/bob] }
`;
      const headers = [{ name: "X-A", value: "b" }];
      const matches = ["/bob.*", "/bob|/", "(?i)/bob/.*", "/bob/?.*", "/b(ob|)/.*", "/bob/../x", ".*"].map((value) => ({
        path: { type: "RegularExpression", value },
        headers,
      }));
      const rival = buildRoute("bob/r", ["a.example.com"], [forwardTo("web", { matches })]);
      const { find } = compileTenants([owned, rival], { permits });
      for (const path of ["/", "/bobby", "/BOB/x", "/b/x", "/x", "/bob/../x"])
        assert.equal(await find(`http://a.example.com${path}`, REQUEST), "alice/app:80", path);
      assert.equal(await find("http://a.example.com/bob/x", REQUEST), "bob/web:80");
    });
  });
}

describe("Services of another tenant", () => {
  const grant = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "ReferenceGrant",
    metadata: { namespace: "alice", name: "all" },
    spec: {
      from: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "bob" }],
      to: [{ group: "", kind: "Service" }],
    },
  };
  const backendRefs = [{ namespace: "alice", name: "app", port: 80 }];
  const setHeader = (name: string, references: readonly object[] = backendRefs) => ({
    backendRefs: references,
    filters: [{ type: "RequestHeaderModifier", requestHeaderModifier: { set: [{ name, value: "1" }] } }],
  });
  const compileRule = (rule: object, ...others: object[]) =>
    compileTenants([buildRoute("bob/r", ["b.example.com"], [rule]), ...others]);

  test("Without a ReferenceGrant no rule reaches them", async () => {
    const { find, reasons } = compileRule({ backendRefs });
    assert.equal(await find("http://b.example.com/"), "500");
    assert.deepEqual(reasons, ["ReferenceNotPermitted HTTPRoute bob/r"]);
  });

  for (const name of ["X-Forwarded-For", "X_Forwarded_For", "ssl_client_verify", "X-Real_IP", "forwarded"]) {
    test(`With a ReferenceGrant, a rule that sets ${name} returns 500`, async () => {
      assert.equal(await compileRule(setHeader(name), grant).find("http://b.example.com/"), "500");
    });
  }

  test("A rule that sets X-Forwarded-For for a Service of its own namespace is served", async () => {
    const rule = setHeader("X-Forwarded-For", [{ name: "web", port: 80 }]);
    assert.equal(await compileRule(rule, grant).find("http://b.example.com/"), "bob/web:80");
  });

  test("With a ReferenceGrant, a rule that sets other headers is served", async () => {
    assert.equal(await compileRule(setHeader("X-Team"), grant).find("http://b.example.com/"), "alice/app:80");
  });
});

describe("values that no API server would accept", () => {
  const ROWS: readonly (readonly [title: string, rule: object, answer: string])[] = [
    ["a header name with a space", forwardTo("web", { matches: [{ headers: [{ name: "a b", value: "c" }] }] }), "404"],
    ["a header name with a line", forwardTo("web", { matches: [{ headers: [{ name: "a\n", value: "c" }] }] }), "404"],
    ["a session with attributes", forwardTo("web", { sessionPersistence: { sessionName: "a; Domain=b" } }), "500"],
    ["a negative weight", { backendRefs: [{ name: "web", port: 80, weight: -1 }] }, "500"],
    ["a weight without end", { backendRefs: [{ name: "web", port: 80, weight: 2 ** 53 }] }, "404"],
    [
      "a value of 3 MB",
      forwardTo("web", { matches: [{ headers: [{ name: "a", value: "c".repeat(3_000_000) }] }] }),
      "404",
    ],
  ];
  for (const [title, rule, answer] of ROWS) {
    test(`A rule with ${title} has one diagnostic, and leaves other hosts as they are`, async () => {
      const { find, reasons } = compileTenants([FRONT, buildRoute("bob/r", ["b.example.com"], [rule])]);
      assert.equal(await find("http://b.example.com/"), answer);
      assert.equal(await find("http://a.example.com/"), "alice/app:80");
      assert.equal(reasons.length, 1);
      assert.match(reasons[0] ?? "", / HTTPRoute bob\/r$/);
    });
  }

  test("10,000 conditions, each a rule of many routes, leave the answer to a request of another host", async () => {
    const routes = Array.from({ length: 160 }, (_, index) => {
      const matches = Array.from({ length: 64 }, (_, match) => ({
        headers: [{ name: `x-${index}-${match}`, value: "a" }],
      }));
      return buildRoute(`bob/r${index}`, ["b.example.com"], [forwardTo("web", { matches })]);
    });
    const { find, reasons } = compileTenants([FRONT, ...routes]);
    assert.equal(await find("http://b.example.com/", { headers: { "x-0-0": "a" } }), "bob/web:80");
    assert.equal(await find("http://a.example.com/"), "alice/app:80");
    assert.deepEqual(
      reasons.filter((text) => !text.startsWith("IngressTooLarge HTTPRoute bob/r")),
      [],
    );
  });
});
