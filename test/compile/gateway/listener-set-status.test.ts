import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { GatewayObjects } from "../../../sync/collect/gateway/gateway-model.ts";
import type { GatewaySources } from "../../../sync/compile/gateway/read-gateways.ts";
import {
  gateway,
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

const TCP = listener({ name: "tcp", port: 1111, protocol: "TCP" });
const WITHOUT_SECRET = httpsListener({ tls: tls([secretReference("absent")]) });

describe("The status of a ListenerSet", () => {
  type Row = [
    situation: string,
    objects: Partial<GatewayObjects>,
    expected: readonly string[],
    fields?: Partial<GatewaySources>,
  ];
  const open = gateway({ allowedListenerSets: { from: "All" } });
  const same = gateway({ allowedListenerSets: { from: "Same" } });
  const selecting = gateway({
    allowedListenerSets: {
      from: "Selector",
      selector: { matchLabels: { team: "web" }, matchExpressions: [] },
    },
  });
  const good = ["Accepted=True Accepted", "Programmed=True Programmed"];
  const notAllowed = ["Accepted=False NotAllowed", "Programmed=False NotAllowed"];
  const foreign = listenerSet("set", { namespace: "team" });
  const team = { name: "team", labels: { team: "web" } };
  const rows: readonly Row[] = [
    ["of an allowed namespace", { gateways: [same], listenerSets: [listenerSet("set")] }, good],
    [
      "that the Gateway does not allow by default",
      { gateways: [gateway()], listenerSets: [listenerSet("set")] },
      notAllowed,
    ],
    ["of another namespace", { gateways: [same], listenerSets: [foreign] }, notAllowed],
    ["of any namespace", { gateways: [open], listenerSets: [foreign] }, good],
    ["of a selected namespace", { gateways: [selecting], listenerSets: [foreign], namespaces: [team] }, good],
    ["of a namespace without the label", { gateways: [selecting], listenerSets: [foreign] }, notAllowed],
    [
      "whose Gateway is not accepted",
      { gateways: [{ ...open, listeners: [TCP] }], listenerSets: [listenerSet("set")] },
      ["Accepted=False ParentNotAccepted", "Programmed=False ParentNotAccepted"],
    ],
    [
      "whose only listener is unresolved",
      { gateways: [open], listenerSets: [listenerSet("set", { listeners: [WITHOUT_SECRET] })] },
      ["Accepted=False ListenersNotValid", "Programmed=False ListenersNotValid"],
    ],
    [
      "with one accepted listener of two",
      { gateways: [open], listenerSets: [listenerSet("set", { listeners: [listener({ hostname: "a.org" }), TCP] })] },
      ["Accepted=True ListenersNotValid", "Programmed=True Programmed"],
    ],
  ];
  for (const [situation, objects, expected] of rows) {
    test(`A ListenerSet ${situation} has the conditions of the specification`, () => {
      const { gateways, listenerSets } = readStatuses(sources(objects));
      assert.deepEqual(summarize(listenerSets[0]?.conditions), expected);
      assert.equal(gateways[0]?.attachedListenerSets, expected[0]?.startsWith("Accepted=True") ? 1 : 0);
      assert.equal(listenerSets[0]?.listeners.length, objects.listenerSets?.[0]?.listeners.length);
    });
  }

  test("A ListenerSet whose parent is not a Gateway of ours gets no status", () => {
    const listenerSets = [
      listenerSet("a", { parentRef: parentReference({ name: "absent" }) }),
      listenerSet("b", { parentRef: parentReference({ kind: "Service" }) }),
    ];
    assert.deepEqual(readStatuses(sources({ gateways: [open], listenerSets })).listenerSets, []);
  });
});
