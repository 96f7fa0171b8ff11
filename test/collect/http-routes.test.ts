import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseClusterYaml } from "../support/parse-cluster-yaml.ts";

const ROUTE = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: { name: shop, namespace: web }\n";

function parseRoute(spec: string) {
  return { route: parseClusterYaml(ROUTE + spec).gateway.httpRoutes[0] };
}

describe("The defaults of an HTTPRoute", () => {
  test("A route without a spec has one rule that matches every path and has no backend", () => {
    const { route } = parseRoute("");
    assert.deepEqual(route, {
      namespace: "web",
      name: "shop",
      source: "in.yaml:1",
      uid: undefined,
      generation: 0,
      created: undefined,
      annotations: {},
      parentRefs: [],
      hostnames: [],
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/" }, method: undefined, headers: [], queryParams: [] }],
          filters: [],
          backendRefs: [],
          timeouts: { request: undefined, backendRequest: undefined },
        },
      ],
      unsupportedFields: [],
    });
  });

  test("A path takes the default of its type and of its value one by one", () => {
    const { route } = parseRoute(
      "spec: { rules: [{ matches: [{ path: { value: /a } }, { path: { type: Exact } }] }] }",
    );
    assert.deepEqual(
      route?.rules[0]?.matches.map(({ path }) => path),
      [
        { type: "PathPrefix", value: "/a" },
        { type: "Exact", value: "/" },
      ],
    );
  });

  test("A condition is exact, a backend is a Service with weight 1, and a null is the same as an absent field", () => {
    const { route } = parseRoute(
      "spec: { rules: [{ matches: [{ headers: [{ name: a, value: b }] }], backendRefs: [{ name: one, port: 80, weight: null }] }] }",
    );
    assert.deepEqual(route?.rules[0]?.matches[0]?.headers, [{ type: "Exact", name: "a", value: "b" }]);
    assert.deepEqual(route?.rules[0]?.backendRefs, [
      { group: "", kind: "Service", name: "one", port: 80, weight: 1, filters: [] },
    ]);
  });

  test("A reference to a parent keeps its text besides the defaults", () => {
    const { route } = parseRoute("spec: { parentRefs: [{ name: public, sectionName: http }] }");
    assert.deepEqual(route?.parentRefs, [
      {
        group: "gateway.networking.k8s.io",
        kind: "Gateway",
        name: "public",
        sectionName: "http",
        written: { name: "public", sectionName: "http" },
      },
    ]);
  });

  test("Filters get the defaults of their type", () => {
    const { route } = parseRoute(`spec:
  rules:
    - filters:
        - { type: RequestMirror, requestMirror: { backendRef: { name: one, port: 80 }, percent: 20 } }
        - { type: RequestMirror, requestMirror: { backendRef: { name: two, port: 80 }, fraction: { numerator: 1 } } }
        - { type: RequestMirror, requestMirror: { backendRef: { name: two, port: 80 } } }
        - { type: CORS, cors: { allowOrigins: ["*"] } }
        - { type: RequestRedirect, requestRedirect: { path: { type: ReplaceFullPath, replaceFullPath: /b } } }
`);
    const [twenty, one, all, cors, redirect] = route?.rules[0]?.filters ?? [];
    assert.deepEqual(twenty?.requestMirror?.fraction, { numerator: 20, denominator: 100 });
    assert.deepEqual(one?.requestMirror?.fraction, { numerator: 1, denominator: 100 });
    assert.deepEqual(all?.requestMirror?.fraction, { numerator: 100, denominator: 100 });
    assert.equal(cors?.cors?.maxAge, 5);
    assert.equal(cors?.cors?.allowCredentials, false);
    assert.equal(redirect?.requestRedirect?.statusCode, 302);
    assert.deepEqual(redirect?.requestRedirect?.path, { type: "ReplaceFullPath", value: "/b" });
  });

  test("Only annotations of edgress are kept", () => {
    const { gateway } = parseClusterYaml(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: { name: a, annotations: { edgress.dev/hsts: 'true', a/b: c } }",
    );
    assert.deepEqual(gateway.httpRoutes[0]?.annotations, { "edgress.dev/hsts": "true" });
  });
});
