import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gateway, listener, listenerSet, readStatuses, sources, summarize } from "./gateway-objects.ts";

const ACCEPTED = "Accepted=True Accepted";
const REFUSED = "Accepted=False UnsupportedValue";
const LISTENERS = [
  listener({ name: "a", hostname: "a.example.com" }),
  listener({ name: "b", hostname: "b.example.com" }),
];
const OF_SECOND = [{ field: "spec.listeners[1].tls", problem: "expected no tls with protocol HTTP" }];

describe("unsupported fields of a listener", () => {
  test("An unsupported field of a listener of a Gateway refuses this listener only", () => {
    const shared = gateway({
      listeners: LISTENERS,
      unsupportedFields: OF_SECOND,
      allowedListenerSets: { from: "Same" },
    });
    const set = listenerSet("set", {
      listeners: [listener({ hostname: "c.example.com" }), listener({ name: "d", hostname: "d.example.com" })],
    });
    const { gateways, listenerSets } = readStatuses(sources({ gateways: [shared], listenerSets: [set] }));
    assert.deepEqual(
      gateways[0]?.listeners.map(({ conditions }) => summarize(conditions)[0]),
      [ACCEPTED, REFUSED],
    );
    assert.deepEqual(
      listenerSets[0]?.listeners.map(({ conditions }) => summarize(conditions)[0]),
      [ACCEPTED, ACCEPTED],
    );
  });

  test("An unsupported field of a listener of a ListenerSet refuses this listener only", () => {
    const shared = gateway({ allowedListenerSets: { from: "Same" } });
    const set = listenerSet("set", { listeners: LISTENERS, unsupportedFields: OF_SECOND });
    const { listenerSets } = readStatuses(sources({ gateways: [shared], listenerSets: [set] }));
    assert.deepEqual(
      listenerSets[0]?.listeners.map(({ conditions }) => summarize(conditions)[0]),
      [ACCEPTED, REFUSED],
    );
  });
});
