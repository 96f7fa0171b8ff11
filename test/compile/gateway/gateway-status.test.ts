import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Gateway } from "../../../sync/collect/gateway/gateway-model.ts";
import {
  gateway,
  gatewayClass,
  httpsListener,
  listener,
  readStatuses,
  secretReference,
  sources,
  summarize,
  tls,
} from "./gateway-objects.ts";

const GOOD = ["Accepted=True Accepted", "Programmed=True Programmed", "ResolvedRefs=True ResolvedRefs"];
const ADDRESS = { type: "Hostname", value: "web-a97fc3bf.example.com" };
const TCP = listener({ name: "tcp", port: 1111, protocol: "TCP" });
const WITHOUT_SECRET = httpsListener({ tls: tls([secretReference("absent")]) });
const NO_ADDRESS: readonly (typeof ADDRESS)[] = [];

describe("The status of a Gateway", () => {
  const rows: readonly [
    situation: string,
    fields: Partial<Gateway>,
    expected: readonly string[],
    addresses: unknown,
  ][] = [
    ["that is valid", {}, GOOD, [ADDRESS]],
    [
      "with an unknown type of address",
      { addresses: [{ type: "example.com/named", value: "x" }] },
      ["Accepted=False UnsupportedAddress", "Programmed=False Invalid", "ResolvedRefs=True ResolvedRefs"],
      NO_ADDRESS,
    ],
    [
      "with an IP address of others",
      { addresses: [{ type: "IPAddress", value: "192.0.2.1" }] },
      ["Accepted=True Accepted", "Programmed=False AddressNotUsable", "ResolvedRefs=True ResolvedRefs"],
      NO_ADDRESS,
    ],
    ["that requests any IP address", { addresses: [{ type: "IPAddress", value: "" }] }, GOOD, [ADDRESS]],
    ["that requests its own host name", { addresses: [ADDRESS] }, GOOD, [ADDRESS]],
    [
      "with parameters",
      { infrastructureParametersRef: { group: "x.io", kind: "Other", name: "p", namespace: undefined } },
      ["Accepted=False InvalidParameters", "Programmed=False Invalid", "ResolvedRefs=True ResolvedRefs"],
      [ADDRESS],
    ],
    [
      "with one accepted listener of two",
      { listeners: [listener(), TCP] },
      ["Accepted=True ListenersNotValid", "Programmed=True Programmed", "ResolvedRefs=True ResolvedRefs"],
      [ADDRESS],
    ],
    [
      "without an accepted listener",
      { listeners: [TCP] },
      ["Accepted=False ListenersNotValid", "Programmed=False Invalid", "ResolvedRefs=True ResolvedRefs"],
      [ADDRESS],
    ],
    [
      "with a listener that is resolved and one that is not",
      { listeners: [listener(), WITHOUT_SECRET] },
      ["Accepted=True Accepted", "Programmed=True Programmed", "ResolvedRefs=False ListenersNotResolved"],
      [ADDRESS],
    ],
    [
      "whose only listener is unresolved",
      { listeners: [WITHOUT_SECRET] },
      ["Accepted=True Accepted", "Programmed=False Invalid", "ResolvedRefs=False ListenersNotResolved"],
      [ADDRESS],
    ],
    [
      "whose only listener allows unknown kinds only",
      { listeners: [listener({ allowedKinds: [{ group: "", kind: "Other" }] })] },
      ["Accepted=True Accepted", "Programmed=False Invalid", "ResolvedRefs=False ListenersNotResolved"],
      [ADDRESS],
    ],
  ];
  for (const [situation, fields, expected, addresses] of rows) {
    test(`A Gateway ${situation} has the conditions of the specification`, () => {
      const { gateways } = readStatuses(sources({ gateways: [gateway(fields)] }));
      assert.deepEqual(summarize(gateways[0]?.conditions), expected);
      assert.deepEqual(gateways[0]?.addresses, addresses);
      assert.equal(gateways[0]?.generation, 3);
    });
  }

  test("A Gateway whose listeners require client certificates serves HTTP only", () => {
    const unsupportedFields = [{ field: "spec.tls.frontend.default.validation", problem: "unsupported" }];
    const given = gateway({ listeners: [listener(), httpsListener()], unsupportedFields });
    const { gateways } = readStatuses(sources({ gateways: [given] }));
    assert.deepEqual(
      gateways[0]?.listeners.map(({ conditions }) => summarize(conditions)[0]),
      ["Accepted=True Accepted", "Accepted=False UnsupportedValue"],
    );
  });

  test("A Gateway of another class, of a missing class or of a rejected class gets no status", () => {
    const objects = {
      gatewayClasses: [
        gatewayClass(),
        gatewayClass({ name: "other", controllerName: "example.com/other" }),
        gatewayClass({ name: "rejected", parametersRef: { group: "", kind: "ConfigMap", name: "c", namespace: "x" } }),
      ],
      gateways: ["other", "absent", "rejected"].map((className) => gateway({ className })),
    };
    assert.deepEqual(readStatuses(sources(objects)).gateways, []);
  });
});
