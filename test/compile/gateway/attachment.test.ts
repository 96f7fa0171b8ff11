import assert from "node:assert/strict";
import { test } from "node:test";
import { intersectHostnames } from "../../../sync/compile/gateway/attachment/intersect-hostnames.ts";
import { buildGatewayAddress } from "../../../sync/compile/gateway/gateway-address.ts";
import { createGatewayCache } from "../../../sync/compile/gateway/gateway-cache.ts";
import { readGateways } from "../../../sync/compile/gateway/read-gateways.ts";
import {
  gateway,
  httpRoute,
  httpsListener,
  listener,
  OPTIONS,
  parentReference,
  secretReference,
  sources,
  tls,
} from "./gateway-objects.ts";

const INTERSECTIONS: readonly [listener: string, route: readonly string[], shared: readonly string[]][] = [
  ["*", [], ["*"]],
  ["*", ["b.org", "a.org"], ["a.org", "b.org"]],
  ["a.org", [], ["a.org"]],
  ["a.org", ["a.org", "b.org"], ["a.org"]],
  ["a.org", ["A.ORG"], ["a.org"]],
  ["a.org", ["*.org"], ["a.org"]],
  ["a.org", ["*.a.org"], []],
  ["*.a.org", ["a.org"], []],
  ["*.a.org", ["x.a.org", "y.z.a.org", "xa.org"], ["x.a.org", "y.z.a.org"]],
  ["*.a.org", ["*.a.org"], ["*.a.org"]],
  ["*.a.org", ["*.org"], ["*.a.org"]],
  ["*.org", ["*.a.org"], ["*.a.org"]],
  ["*.a.org", ["*.b.org"], []],
  ["*.a.org", ["*.a.org", "*.org"], ["*.a.org"]],
  ["*", ["192.0.2.1"], []],
];

for (const [listenerHostname, route, shared] of INTERSECTIONS) {
  test(`A listener for ${listenerHostname} and a route for [${route}] share [${shared}]`, () => {
    assert.deepEqual(intersectHostnames(listenerHostname, route), shared);
  });
}

test("A route is attached to the listeners that serve, with the hostnames that both have", () => {
  const listeners = [
    listener({ name: "plain", hostname: "a.example.com" }),
    httpsListener({ name: "secure", hostname: "*.example.com" }),
    httpsListener({ name: "broken", hostname: "b.example.com", tls: tls([secretReference("absent")]) }),
    listener({ name: "closed", hostname: "c.example.com", port: 8080 }),
  ];
  const route = httpRoute({ hostnames: ["a.example.com", "b.example.com"] });
  const { attachedRoutes } = readGateways(
    sources({ gateways: [gateway({ listeners })], httpRoutes: [route] }),
    OPTIONS,
  );
  const served = { gateway: "infra/web", owner: "Gateway infra/web" };
  assert.deepEqual(attachedRoutes, [
    {
      route,
      attachments: [
        {
          listener: { ...served, name: "plain", scheme: "http", hostname: "a.example.com" },
          hostnames: ["a.example.com"],
        },
        {
          listener: { ...served, name: "secure", scheme: "https", hostname: "*.example.com" },
          hostnames: ["a.example.com", "b.example.com"],
        },
      ],
    },
  ]);
});

test("Routes for any host serve the address of their Gateway only", () => {
  const gateways = [gateway(), gateway({ name: "other" })];
  const route = httpRoute({ parentRefs: [parentReference({ name: "other" })] });
  const named = httpRoute({ name: "named", hostnames: ["a.example.com"] });
  const { listeners, attachedRoutes } = readGateways(sources({ gateways, httpRoutes: [named, route] }), OPTIONS);
  const address = buildGatewayAddress({ namespace: "infra", name: "other" }, ["example.com"]);
  assert.deepEqual(
    attachedRoutes.map(({ attachments }) =>
      attachments.map(({ listener: { hostname }, hostnames }) => [hostname, hostnames]),
    ),
    [
      [["*", ["a.example.com"]]],
      [
        ["*", ["*"]],
        [address, [address]],
      ],
    ],
  );
  // The address takes no request for a scheme without a listener, so that no other Gateway serves it.
  assert.deepEqual(
    listeners.filter(({ hostname }) => hostname === address).map(({ name, scheme }) => [name, scheme]),
    [
      ["http", "http"],
      ["", "https"],
    ],
  );
});

test("The address of a Gateway is one DNS label in the first zone", () => {
  const name = `a.b${"c".repeat(250)}`;
  assert.equal(buildGatewayAddress({ namespace: "infra", name: "web" }, ["b.org", "a.org"]), "web-a97fc3bf.a.org");
  assert.equal(buildGatewayAddress({ namespace: "infra", name: "web" }, ["."]), "web-a97fc3bf");
  assert.equal(buildGatewayAddress({ namespace: "infra", name: "web" }, []), undefined);
  assert.match(buildGatewayAddress({ namespace: "infra", name }, ["a.org"]) ?? "", /^a-bc{51}-[0-9a-f]{8}\.a\.org$/);
});

test("Routes are attached in the order of their age", () => {
  const httpRoutes = [
    httpRoute({ name: "c" }),
    httpRoute({ name: "b" }),
    httpRoute({ name: "a", created: "2026-01-02T00:00:00Z" }),
    httpRoute({ name: "d", created: "2026-01-01T00:00:00Z" }),
  ];
  const { attachedRoutes } = readGateways(sources({ httpRoutes }), OPTIONS);
  assert.deepEqual(
    attachedRoutes.map(({ route }) => route.name),
    ["d", "a", "b", "c"],
  );
});

test("A new version of a Gateway with the same listeners keeps the listeners and attached routes", () => {
  const cache = createGatewayCache();
  const httpRoutes = [httpRoute()];
  const first = readGateways(sources({ httpRoutes }), OPTIONS, cache);
  const second = readGateways(sources({ gateways: [gateway({ generation: 4 })], httpRoutes }), OPTIONS, cache);
  assert.notEqual(second, first);
  assert.equal(second.listeners[0], first.listeners[0]);
  assert.equal(second.attachedRoutes[0], first.attachedRoutes[0]);
});

test("Unchanged objects are read once", () => {
  const cache = createGatewayCache();
  const cluster = sources({ httpRoutes: [httpRoute()] });
  assert.equal(readGateways({ ...cluster }, OPTIONS, cache), readGateways(cluster, OPTIONS, cache));
});

test("The Secrets of listeners are references, unless no ReferenceGrant allows them", () => {
  const listeners = [
    httpsListener({ tls: tls([secretReference("b"), secretReference("a"), secretReference("c", "other")]) }),
    httpsListener({ name: "again", hostname: "a.org", tls: tls([secretReference("a")]) }),
  ];
  const { references } = readGateways(sources({ gateways: [gateway({ listeners })] }), OPTIONS);
  assert.deepEqual(references, [
    { kind: "Secret", namespace: "infra", name: "a" },
    { kind: "Secret", namespace: "infra", name: "b" },
  ]);
});
