import { describe } from "node:test";
import { httpsListener, listener, tls } from "./gateway-objects.ts";
import { GOOD, HTTP_ROUTE, type ListenerRow, testListenerRows, unresolved } from "./listener-rows.ts";

const ROWS: readonly ListenerRow[] = [
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

describe("The status of a listener", () => {
  testListenerRows(ROWS);
});
