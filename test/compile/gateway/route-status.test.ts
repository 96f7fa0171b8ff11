import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { GatewayListener } from "../../../sync/collect/gateway/gateway-model.ts";
import type { HttpRoute } from "../../../sync/collect/gateway/http-route-model.ts";
import {
  gateway,
  httpRoute,
  httpsListener,
  listener,
  listenerSet,
  parentReference,
  readStatuses,
  secretReference,
  sources,
  summarize,
  tls,
} from "./gateway-objects.ts";

const GOOD = ["Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs"];
const rejected = (reason: string) => [`Accepted=False ${reason}`, "ResolvedRefs=True ResolvedRefs"];
const to = (fields: Parameters<typeof parentReference>[0]) => ({ parentRefs: [parentReference(fields)] });

describe("The status of an HTTPRoute by its listeners", () => {
  const selector = { from: "Selector", selector: { matchLabels: { team: "web" }, matchExpressions: [] } } as const;
  type Row = [
    situation: string,
    route: Partial<HttpRoute>,
    listener: Partial<GatewayListener>,
    expected: readonly string[],
    attachedRoutes: number,
  ];
  const rows: readonly Row[] = [
    ["that is valid", {}, {}, GOOD, 1],
    ["with the name of a listener", to({ sectionName: "http" }), {}, GOOD, 1],
    ["with the port of a listener", to({ port: 80 }), {}, GOOD, 1],
    ["with an unknown listener name", to({ sectionName: "other" }), {}, rejected("NoMatchingParent"), 0],
    ["with an unknown port", to({ port: 81 }), {}, rejected("NoMatchingParent"), 0],
    [
      "with the name of one listener and another port",
      to({ sectionName: "http", port: 443 }),
      {},
      rejected("NoMatchingParent"),
      0,
    ],
    ["of an allowed namespace", { namespace: "team" }, { allowedNamespaces: { from: "All" } }, GOOD, 1],
    ["of the Gateway's namespace", {}, { allowedNamespaces: { from: "Same" } }, GOOD, 1],
    [
      "of another namespace",
      { namespace: "team" },
      { allowedNamespaces: { from: "Same" } },
      rejected("NotAllowedByListeners"),
      0,
    ],
    ["of a selected namespace", { namespace: "labeled" }, { allowedNamespaces: selector }, GOOD, 1],
    ["of a namespace that is not selected", {}, { allowedNamespaces: selector }, rejected("NotAllowedByListeners"), 0],
    [
      "of a kind that is not allowed",
      {},
      { allowedKinds: [{ group: "gateway.networking.k8s.io", kind: "TLSRoute" }] },
      rejected("NotAllowedByListeners"),
      0,
    ],
    ["with the hostname of the listener", { hostnames: ["a.example.com"] }, { hostname: "a.example.com" }, GOOD, 1],
    [
      "with another hostname",
      { hostnames: ["b.example.com"] },
      { hostname: "a.example.com" },
      rejected("NoMatchingListenerHostname"),
      0,
    ],
    [
      "with the bare domain of a wildcard",
      { hostnames: ["example.com"] },
      { hostname: "*.example.com" },
      rejected("NoMatchingListenerHostname"),
      0,
    ],
  ];
  for (const [situation, route, fields, expected, attachedRoutes] of rows) {
    test(`An HTTPRoute ${situation} has the conditions of the specification`, () => {
      const given = gateway({
        listeners: [
          listener(fields),
          httpsListener({ hostname: "x.example.com", allowedNamespaces: { from: "None" } }),
        ],
      });
      const objects = {
        gateways: [given],
        httpRoutes: [httpRoute(route)],
        namespaces: [{ name: "labeled", labels: { team: "web" } }],
      };
      const { gateways, httpRoutes } = readStatuses(sources(objects));
      assert.deepEqual(summarize(httpRoutes[0]?.parents[0]?.conditions), expected);
      assert.equal(gateways[0]?.listeners[0]?.attachedRoutes, attachedRoutes);
    });
  }

  test("A route without a namespace in its reference uses its own namespace", () => {
    const route = httpRoute({ namespace: "team", ...to({ namespace: undefined }) });
    assert.deepEqual(readStatuses(sources({ httpRoutes: [route] })).httpRoutes, []);
    const own = httpRoute(to({ namespace: undefined }));
    assert.equal(readStatuses(sources({ httpRoutes: [own] })).httpRoutes.length, 1);
  });

  test("A route counts on a listener whose Secret is missing, and on one of an unavailable port", () => {
    const listeners = [httpsListener({ tls: tls([secretReference("absent")]) }), listener({ port: 8080 })];
    const objects = { gateways: [gateway({ listeners })], httpRoutes: [httpRoute()] };
    const { gateways, httpRoutes } = readStatuses(sources(objects));
    assert.deepEqual(
      gateways[0]?.listeners.map(({ attachedRoutes }) => attachedRoutes),
      [1, 1],
    );
    assert.deepEqual(summarize(httpRoutes[0]?.parents[0]?.conditions), GOOD);
  });

  test("A route with two references to a listener counts once, and each reference has a status", () => {
    const parentRefs = [
      parentReference(),
      parentReference({ sectionName: "http" }),
      parentReference({ sectionName: "no" }),
    ];
    const { gateways, httpRoutes } = readStatuses(sources({ httpRoutes: [httpRoute({ parentRefs })] }));
    assert.equal(gateways[0]?.listeners[0]?.attachedRoutes, 1);
    assert.deepEqual(
      httpRoutes[0]?.parents.map(({ parentRef, conditions }) => [parentRef, summarize(conditions)]),
      [
        [{ group: "gateway.networking.k8s.io", kind: "Gateway", namespace: "infra", name: "web" }, GOOD],
        [
          { group: "gateway.networking.k8s.io", kind: "Gateway", namespace: "infra", name: "web", sectionName: "http" },
          GOOD,
        ],
        [
          { group: "gateway.networking.k8s.io", kind: "Gateway", namespace: "infra", name: "web", sectionName: "no" },
          rejected("NoMatchingParent"),
        ],
      ],
    );
  });

  test("A Gateway reference reaches no listener of a ListenerSet, and a ListenerSet reference no other", () => {
    const open = gateway({ allowedListenerSets: { from: "All" } });
    const parentRefs = [
      parentReference({ sectionName: "set-http" }),
      parentReference({ kind: "ListenerSet", name: "set" }),
      parentReference({ kind: "ListenerSet", name: "set", sectionName: "http" }),
    ];
    const listeners = [listener({ name: "set-http", hostname: "set.example.com" })];
    const objects = {
      gateways: [open],
      listenerSets: [listenerSet("set", { listeners })],
      httpRoutes: [httpRoute({ parentRefs })],
    };
    const { gateways, listenerSets, httpRoutes } = readStatuses(sources(objects));
    assert.deepEqual(
      httpRoutes[0]?.parents.map(({ conditions }) => summarize(conditions)[0]),
      ["Accepted=False NoMatchingParent", "Accepted=True Accepted", "Accepted=False NoMatchingParent"],
    );
    assert.equal(gateways[0]?.listeners[0]?.attachedRoutes, 0);
    assert.equal(listenerSets[0]?.listeners[0]?.attachedRoutes, 1);
  });

  test("A reference to a parent of another controller, kind or group gets no status", () => {
    const parentRefs = [
      parentReference({ name: "absent" }),
      parentReference({ kind: "Service" }),
      parentReference({ group: "example.com" }),
    ];
    assert.deepEqual(readStatuses(sources({ httpRoutes: [httpRoute({ parentRefs })] })).httpRoutes, []);
  });
});
