import assert from "node:assert/strict";
import { test } from "node:test";
import type { GatewayListener } from "../../../sync/collect/gateway/gateway-model.ts";
import { readGateways } from "../../../sync/compile/gateway/read-gateways.ts";
import {
  gateway,
  httpsListener,
  listener,
  listenerSet,
  OPTIONS,
  readStatuses,
  sources,
  summarize,
} from "./gateway-objects.ts";

const HOSTNAME_CONFLICT = [
  "Accepted=False HostnameConflict",
  "Programmed=False HostnameConflict",
  "ResolvedRefs=True ResolvedRefs",
  "Conflicted=True HostnameConflict",
];
const PROTOCOL_CONFLICT = HOSTNAME_CONFLICT.map((condition) =>
  condition.replace("HostnameConflict", "ProtocolConflict"),
);
const GOOD = [
  "Accepted=True Accepted",
  "Programmed=True Programmed",
  "ResolvedRefs=True ResolvedRefs",
  "Conflicted=False NoConflicts",
];

function readListeners(listeners: readonly GatewayListener[]): Record<string, readonly string[]> {
  const { gateways } = readStatuses(sources({ gateways: [gateway({ listeners })] }));
  return Object.fromEntries(gateways[0]?.listeners.map(({ name, conditions }) => [name, summarize(conditions)]) ?? []);
}

test("Listeners of one Gateway with the same port and hostname are all refused, and the others serve", () => {
  const listeners = [
    listener({ name: "a", hostname: "shop.example.com" }),
    listener({ name: "b", hostname: "SHOP.example.com" }),
    listener({ name: "c", hostname: "other.example.com" }),
  ];
  assert.deepEqual(readListeners(listeners), { a: HOSTNAME_CONFLICT, b: HOSTNAME_CONFLICT, c: GOOD });
});

test("Listeners of one Gateway with two protocols on a port are all refused", () => {
  const listeners = [
    listener({ name: "a", hostname: "a.example.com", port: 443 }),
    httpsListener({ name: "b", hostname: "b.example.com" }),
    listener({ name: "c" }),
  ];
  assert.deepEqual(readListeners(listeners), { a: PROTOCOL_CONFLICT, b: PROTOCOL_CONFLICT, c: GOOD });
});

test("A listener of an unsupported protocol costs no other listener of its port", () => {
  const unsupported = [
    "Accepted=False UnsupportedProtocol",
    "Programmed=False Invalid",
    "ResolvedRefs=True ResolvedRefs",
    "Conflicted=False NoConflicts",
  ];
  const listeners = [
    listener({ name: "a" }),
    listener({ name: "b", protocol: "TCP" }),
    listener({ name: "c", protocol: "example.com/other" }),
  ];
  assert.deepEqual(readListeners(listeners), { a: GOOD, b: unsupported, c: unsupported });
});

test("An empty hostname and an absent one are the same", () => {
  const listeners = [listener({ name: "a", hostname: "" }), listener({ name: "b", hostname: undefined })];
  assert.deepEqual(readListeners(listeners), { a: HOSTNAME_CONFLICT, b: HOSTNAME_CONFLICT });
});

test("HTTPS listeners with overlapping hostnames serve, and both report the overlap", () => {
  const overlap = [...GOOD, "OverlappingTLSConfig=True OverlappingHostnames"];
  const listeners = [
    httpsListener({ name: "a", hostname: "*.example.com" }),
    httpsListener({ name: "b", hostname: "a.b.example.com" }),
    httpsListener({ name: "c", hostname: "example.com" }),
    listener({ name: "d", hostname: "*.example.com" }),
  ];
  assert.deepEqual(readListeners(listeners), { a: overlap, b: overlap, c: GOOD, d: GOOD });
});

test("Between a Gateway and its ListenerSets the Gateway wins, then the older set, then the name", () => {
  const shared = gateway({
    listeners: [listener({ name: "own", hostname: "own.example.com" })],
    allowedListenerSets: { from: "Same" },
  });
  const sets = [
    listenerSet("d", { listeners: [listener({ name: "l", hostname: "tie.example.com" })] }),
    listenerSet("c", { listeners: [listener({ name: "l", hostname: "tie.example.com" })] }),
    listenerSet("a", {
      created: "2026-01-02T00:00:00Z",
      listeners: [
        listener({ name: "l", hostname: "set.example.com" }),
        listener({ name: "m", hostname: "own.example.com" }),
      ],
    }),
    listenerSet("b", {
      created: "2026-01-01T00:00:00Z",
      listeners: [
        listener({ name: "l", hostname: "set.example.com" }),
        listener({ name: "m", protocol: "TCP" }),
        listener({ name: "n", port: 81, protocol: "TCP" }),
      ],
    }),
  ];
  const { gateways, listenerSets } = readStatuses(sources({ gateways: [shared], listenerSets: sets }));
  assert.equal(gateways[0]?.attachedListenerSets, 2);
  assert.deepEqual(
    listenerSets.map(({ name, listeners }) => [name, listeners.map(({ conditions }) => summarize(conditions).at(-1))]),
    [
      ["a", ["Conflicted=True HostnameConflict", "Conflicted=True HostnameConflict"]],
      ["b", ["Conflicted=False NoConflicts", "Conflicted=True ProtocolConflict", "Conflicted=False NoConflicts"]],
      ["c", ["Conflicted=False NoConflicts"]],
      ["d", ["Conflicted=True HostnameConflict"]],
    ],
  );
});

test("A rejected listener of a ListenerSet takes no port from a younger set", () => {
  const shared = gateway({ listeners: [httpsListener()], allowedListenerSets: { from: "Same" } });
  const listenerSets = [
    listenerSet("older", { created: "2026-01-01T00:00:00Z", listeners: [listener({ protocol: "TCP" })] }),
    listenerSet("younger", { created: "2026-01-02T00:00:00Z", listeners: [listener()] }),
  ];
  const { listeners } = readGateways(sources({ gateways: [shared], listenerSets }), OPTIONS);
  assert.deepEqual(
    listeners.filter(({ hostname }) => hostname === "*").map(({ owner, scheme }) => [owner, scheme]),
    [
      ["Gateway infra/web", "https"],
      ["ListenerSet infra/younger", "http"],
    ],
  );
});
