import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { GatewayListener } from "../../../sync/collect/gateway/gateway-model.ts";
import type { GatewaySources } from "../../../sync/compile/gateway/read-gateways.ts";
import { gateway, httpsListener, listener, readStatuses, sources, summarize, tls } from "./gateway-objects.ts";

type Row = [
  situation: string,
  listener: GatewayListener,
  expected: readonly string[],
  supportedKinds: readonly string[],
  fields?: Partial<Omit<GatewaySources, "gateway">>,
];

const GOOD = [
  "Accepted=True Accepted",
  "Programmed=True Programmed",
  "ResolvedRefs=True ResolvedRefs",
  "Conflicted=False NoConflicts",
];
const HTTP_ROUTE = ["HTTPRoute"];

const ROWS: readonly Row[] = [
  ["that is valid", listener(), GOOD, HTTP_ROUTE],
  ["with HTTPS and a certificate", httpsListener(), GOOD, HTTP_ROUTE],
  ["with an unknown protocol", listener({ protocol: "INVALID", port: 1111 }), rejected("UnsupportedProtocol"), []],
  ["with protocol TCP", listener({ protocol: "TCP" }), rejected("UnsupportedProtocol"), []],
  ["with HTTP on another port", listener({ port: 8080 }), rejected("PortUnavailable"), HTTP_ROUTE],
  ["with HTTPS on port 80", httpsListener({ port: 80 }), rejected("PortUnavailable"), HTTP_ROUTE],
  ["with an address as hostname", listener({ hostname: "192.0.2.1" }), rejected("UnsupportedValue"), HTTP_ROUTE],
  [
    "with TLS mode Passthrough",
    httpsListener({ tls: tls([], { mode: "Passthrough" }) }),
    rejected("UnsupportedValue"),
    HTTP_ROUTE,
  ],
  [
    "with unknown kinds only",
    listener({ allowedKinds: [{ group: "x.io", kind: "Other" }] }),
    unresolved("InvalidRouteKinds"),
    [],
  ],
  [
    "with GRPCRoute only",
    listener({ allowedKinds: [{ group: "gateway.networking.k8s.io", kind: "GRPCRoute" }] }),
    unresolved("InvalidRouteKinds"),
    [],
  ],
  [
    "with HTTPRoute and an unknown kind",
    listener({
      allowedKinds: [
        { group: "gateway.networking.k8s.io", kind: "InvalidRoute" },
        { group: "gateway.networking.k8s.io", kind: "HTTPRoute" },
      ],
    }),
    [
      "Accepted=True Accepted",
      "Programmed=True Programmed",
      "ResolvedRefs=False InvalidRouteKinds",
      "Conflicted=False NoConflicts",
    ],
    HTTP_ROUTE,
  ],
];

function rejected(reason: string): readonly string[] {
  return [
    `Accepted=False ${reason}`,
    "Programmed=False Invalid",
    "ResolvedRefs=True ResolvedRefs",
    "Conflicted=False NoConflicts",
  ];
}

function unresolved(reason: string): readonly string[] {
  return [
    "Accepted=True Accepted",
    "Programmed=False Invalid",
    `ResolvedRefs=False ${reason}`,
    "Conflicted=False NoConflicts",
  ];
}

describe("The status of a listener", () => {
  for (const [situation, given, expected, supportedKinds, fields] of ROWS) {
    test(`A listener ${situation} has the conditions of the specification`, () => {
      const { gateways } = readStatuses(sources({ gateways: [gateway({ listeners: [given] })] }, fields));
      const [status] = gateways[0]?.listeners ?? [];
      assert.deepEqual(summarize(status?.conditions), expected);
      assert.deepEqual(
        status?.supportedKinds.map(({ kind }) => kind),
        supportedKinds,
      );
      assert.equal(status?.attachedRoutes, 0);
    });
  }
});
