import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { GatewayListener } from "../../../sync/collect/gateway/gateway-model.ts";
import type { GatewaySources } from "../../../sync/compile/gateway/read-gateways.ts";
import {
  gateway,
  httpsListener,
  readStatuses,
  secretReference,
  sources,
  summarize,
  tls,
  tlsSecret,
} from "./gateway-objects.ts";

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
const grant = (kind: string, name?: string) => ({
  name: "grant",
  source: "test",
  namespace: "certs",
  from: [{ group: "gateway.networking.k8s.io", kind, namespace: "infra" }],
  to: [{ group: "", kind: "Secret", name }],
});

const ROWS: readonly Row[] = [
  [
    "whose Secret is missing",
    httpsListener({ tls: tls([secretReference("absent")]) }),
    unresolved("InvalidCertificateRef"),
    HTTP_ROUTE,
  ],
  [
    "whose certificate is of another kind",
    httpsListener({ tls: tls([{ ...secretReference("cert"), kind: "WrongKind" }]) }),
    unresolved("InvalidCertificateRef"),
    HTTP_ROUTE,
  ],
  [
    "whose certificate is of another group",
    httpsListener({ tls: tls([{ ...secretReference("cert"), group: "wrong.io" }]) }),
    unresolved("InvalidCertificateRef"),
    HTTP_ROUTE,
  ],
  [
    "whose Secret is malformed",
    httpsListener(),
    unresolved("InvalidCertificateRef"),
    HTTP_ROUTE,
    { secrets: [{ ...tlsSecret(), data: { "tls.crt": "Hello world\n", "tls.key": "Hello world\n" } }] },
  ],
  [
    "whose Secret has no key",
    httpsListener(),
    unresolved("InvalidCertificateRef"),
    HTTP_ROUTE,
    { secrets: [{ ...tlsSecret(), data: { "tls.crt": tlsSecret().data["tls.crt"] ?? "" } }] },
  ],
  [
    "whose Secret is unreadable",
    httpsListener(),
    unresolved("InvalidCertificateRef"),
    HTTP_ROUTE,
    {
      secrets: [],
      unreadableReferences: [{ kind: "Secret", namespace: "infra", name: "cert", problem: "forbidden" }],
    },
  ],
  [
    "whose Secret is unknown to manifests without Secrets",
    httpsListener(),
    GOOD,
    HTTP_ROUTE,
    { secrets: [], certificates: "unknown" },
  ],
  [
    "whose Secret does not exist in a live cluster",
    httpsListener(),
    unresolved("InvalidCertificateRef"),
    HTTP_ROUTE,
    { secrets: [], certificates: "of-listeners" },
  ],
  [
    "whose Secret of another namespace is not granted",
    httpsListener({ tls: tls([secretReference("cert", "certs")]) }),
    unresolved("RefNotPermitted"),
    HTTP_ROUTE,
    { secrets: [tlsSecret("certs")] },
  ],
  [
    "whose Secret is granted to ListenerSets only",
    httpsListener({ tls: tls([secretReference("cert", "certs")]) }),
    unresolved("RefNotPermitted"),
    HTTP_ROUTE,
    { secrets: [tlsSecret("certs")], referenceGrants: [grant("ListenerSet")] },
  ],
  [
    "whose Secret is granted with another name",
    httpsListener({ tls: tls([secretReference("cert", "certs")]) }),
    unresolved("RefNotPermitted"),
    HTTP_ROUTE,
    { secrets: [tlsSecret("certs")], referenceGrants: [grant("Gateway", "other")] },
  ],
  [
    "whose Secret of another namespace is granted by name",
    httpsListener({ tls: tls([secretReference("cert", "certs")]) }),
    GOOD,
    HTTP_ROUTE,
    { secrets: [tlsSecret("certs")], referenceGrants: [grant("Gateway", "cert")] },
  ],
  [
    "whose Secret is in a namespace that grants all",
    httpsListener({ tls: tls([secretReference("cert", "certs")]) }),
    GOOD,
    HTTP_ROUTE,
    { secrets: [tlsSecret("certs")], referenceGrants: [grant("Gateway")] },
  ],
  [
    "with one usable certificate of two",
    httpsListener({ tls: tls([secretReference("absent"), secretReference("cert")]) }),
    [
      "Accepted=True Accepted",
      "Programmed=True Programmed",
      "ResolvedRefs=False InvalidCertificateRef",
      "Conflicted=False NoConflicts",
    ],
    HTTP_ROUTE,
  ],
  ["with HTTPS and without TLS settings", httpsListener({ tls: undefined }), unconfigured(), HTTP_ROUTE],
  ["with HTTPS and without certificates", httpsListener({ tls: tls([]) }), unconfigured(), HTTP_ROUTE],
  [
    "with a certificate at Cloudflare",
    httpsListener({ tls: tls([], { options: { "edgress.dev/certificate": "cloudflare" } }) }),
    GOOD,
    HTTP_ROUTE,
  ],
  [
    "with an unknown certificate option",
    httpsListener({ tls: tls([], { options: { "edgress.dev/certificate": "other" } }) }),
    unconfigured(),
    HTTP_ROUTE,
  ],
];

function unresolved(reason: string): readonly string[] {
  return [
    "Accepted=True Accepted",
    "Programmed=False Invalid",
    `ResolvedRefs=False ${reason}`,
    "Conflicted=False NoConflicts",
  ];
}

function unconfigured(): readonly string[] {
  return [
    "Accepted=True Accepted",
    "Programmed=False InvalidTLSConfig",
    "ResolvedRefs=True ResolvedRefs",
    "Conflicted=False NoConflicts",
  ];
}

describe("The certificates of a listener", () => {
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
