import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Route } from "../../../src/rules/snapshot.ts";
import { compileObjects } from "../compile-objects.ts";

const API = "gateway.networking.k8s.io/v1";
const OBJECTS = [
  {
    ...{ apiVersion: API, kind: "GatewayClass", metadata: { name: "edgress" } },
    spec: { controllerName: "edgress.dev/ingress-controller" },
  },
  {
    ...{ apiVersion: API, kind: "Gateway", metadata: { namespace: "shop", name: "edge" } },
    spec: { gatewayClassName: "edgress", listeners: [{ name: "http", protocol: "HTTP", port: 80 }] },
  },
  ...["one", "two"].map((name, index) => ({
    ...{ apiVersion: "v1", kind: "Service", metadata: { namespace: "shop", name } },
    spec: { ports: [{ port: 80 }], externalIPs: [`203.0.113.${index + 1}`] },
  })),
];
const ONE = { name: "one", port: 80 };
const TWO = { name: "two", port: 80 };

/** Compiles a rule of one match, and returns its route. */
function compileRule(rule: object, ...further: object[]): Route | undefined {
  const route = {
    ...{ apiVersion: API, kind: "HTTPRoute", metadata: { namespace: "shop", name: "cart" } },
    spec: { parentRefs: [{ name: "edge" }], hostnames: ["cart.example.com"], rules: [rule] },
  };
  const { hosts } = compileObjects([...OBJECTS, ...further, route]).rules;
  return hosts.find(({ host }) => host === "cart.example.com")?.routes[0];
}

describe("settings of the rules of HTTPRoutes", () => {
  test("A rule with one backend has no policies", () => {
    const route = compileRule({ backendRefs: [ONE] });
    assert.deepEqual([route?.backend, route?.policies], ["shop/one:80", {}]);
  });

  test("Backends with weights become choices, and those without a Service answer 500 for their share", () => {
    const backendRefs = [
      { ...ONE, weight: 7 },
      { ...TWO, weight: 0 },
      { name: "none", port: 80, weight: 3 },
    ];
    const choices = [
      { weight: 7, backend: "shop/one:80" },
      { weight: 3, status: 500, reason: "Service not found: shop/none" },
    ];
    assert.deepEqual(compileRule({ backendRefs })?.policies, { weightedBackends: { choices } });
  });

  test("A session keeps its clients at backends without weight", () => {
    const sessionPersistence = {
      sessionName: "cart",
      absoluteTimeout: "1h",
      cookieConfig: { lifetimeType: "Permanent" },
    };
    const rule = { sessionPersistence, backendRefs: [ONE, { ...TWO, weight: 0 }] };
    assert.deepEqual(compileRule(rule)?.policies, {
      weightedBackends: {
        choices: [
          { weight: 1, backend: "shop/one:80" },
          { weight: 0, backend: "shop/two:80" },
        ],
        session: { type: "cookie", name: "cart", rule: "92d4185c", absoluteS: 3600, maxAgeS: 3600 },
      },
    });
  });

  for (const [sessionPersistence, session] of [
    [
      { sessionName: "cart", absoluteTimeout: "90s" },
      { type: "cookie", name: "cart", rule: "92d4185c", absoluteS: 90 },
    ],
    [
      { sessionName: "cart", idleTimeout: "1500ms" },
      { type: "cookie", name: "cart", rule: "92d4185c", idleS: 2 },
    ],
    [
      { type: "Header", sessionName: "X-Cart", absoluteTimeout: "1m", idleTimeout: "0s" },
      { type: "header", name: "X-Cart", rule: "92d4185c", absoluteS: 60 },
    ],
    [{ type: "Header" }, { type: "header", name: "X-Edgress-Session-92d4185c" }],
  ] as const) {
    test(`The session persistence ${JSON.stringify(sessionPersistence)} keeps its timeouts`, () => {
      const route = compileRule({ sessionPersistence, backendRefs: [ONE] });
      assert.deepEqual(route?.policies.weightedBackends?.session, session);
    });
  }

  test("The first of two headers with equal names counts, in any case of their letters", () => {
    const entries = [
      { name: "X-A", value: "1" },
      { name: "x-a", value: "2" },
      { name: "X-B", value: "3" },
    ];
    const filters = [
      { type: "RequestHeaderModifier", requestHeaderModifier: { set: entries } },
      { type: "ResponseHeaderModifier", responseHeaderModifier: { add: entries } },
    ];
    const firstEntries = [
      ["X-A", "1"],
      ["X-B", "3"],
    ];
    assert.deepEqual(compileRule({ filters, backendRefs: [ONE] })?.policies.routeFilters?.filters, [
      { type: "request-headers", set: firstEntries },
      { type: "response-headers", add: firstEntries },
    ]);
  });

  for (const [timeouts, upstream] of [
    [{ request: "500ms" }, { requestMs: 500, answerMs: 0 }],
    [
      { request: "1m30s", backendRequest: "10s" },
      { requestMs: 90_000, answerMs: 10_000, responseMs: 10_000 },
    ],
    [{ backendRequest: "10s" }, { answerMs: 10_000, responseMs: 10_000 }],
    [{ backendRequest: "0s" }, { answerMs: 0 }],
    [{ request: "0s" }, { answerMs: 0 }],
  ] as const) {
    test(`The timeouts ${JSON.stringify(timeouts)} limit the request and each attempt`, () => {
      assert.deepEqual(compileRule({ timeouts, backendRefs: [ONE] })?.policies, { upstream });
    });
  }

  test("Retries of a rule count attempts after the first one", () => {
    const retry = { codes: [500, 503], attempts: 2, backoff: "100ms" };
    assert.deepEqual(compileRule({ retry, backendRefs: [ONE] })?.policies, {
      upstream: {
        retry: {
          on: ["error", "timeout", "http_52x"],
          tries: 3,
          withinMs: 0,
          codes: [500, 503],
          backoffMs: 100,
          sameAddress: true,
        },
      },
    });
  });

  test("A mirror of a share of the requests keeps its fraction, and one of none is left out", () => {
    const mirror = (share: object) => ({
      type: "RequestMirror",
      requestMirror: { backendRef: TWO, ...share },
    });
    const filters = [mirror({ percent: 25 }), mirror({ percent: 0 }), mirror({})];
    const target = { via: "backend", backend: "shop/two:80", path: "$request_uri" };
    assert.deepEqual(compileRule({ filters, backendRefs: [ONE] })?.policies, {
      routeFilters: {
        filters: [
          { type: "mirror", target, numerator: 25, denominator: 100 },
          { type: "mirror", target },
        ],
      },
    });
  });

  test("A mirror to a Service of another namespace needs a ReferenceGrant, and fractions of 0 and 1 have no share", () => {
    const backendRef = { ...ONE, namespace: "logs" };
    const mirror = (fraction?: object) => ({ type: "RequestMirror", requestMirror: { backendRef, fraction } });
    const filters = [mirror({ numerator: 0, denominator: 3 }), mirror({ numerator: 3, denominator: 3 })];
    const rule = { filters, backendRefs: [ONE] };
    const service = {
      ...{ apiVersion: "v1", kind: "Service", metadata: { namespace: "logs", name: "one" } },
      spec: { ports: [{ port: 80 }], externalIPs: ["203.0.113.9"] },
    };
    const grant = {
      ...{
        apiVersion: API.replace("v1", "v1beta1"),
        kind: "ReferenceGrant",
        metadata: { namespace: "logs", name: "shop" },
      },
      spec: {
        from: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "shop" }],
        to: [{ group: "", kind: "Service" }],
      },
    };
    assert.deepEqual(compileRule(rule, service)?.policies, {});
    assert.deepEqual(compileRule(rule, service, grant)?.policies.routeFilters?.filters, [
      { type: "mirror", target: { via: "backend", backend: "logs/one:80", path: "$request_uri" } },
    ]);
  });
});
