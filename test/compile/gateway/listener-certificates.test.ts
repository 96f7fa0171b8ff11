import { describe } from "node:test";
import { httpsListener, secretReference, tls, tlsSecret } from "./gateway-objects.ts";
import { GOOD, HTTP_ROUTE, type ListenerRow, testListenerRows, unresolved } from "./listener-rows.ts";

const grant = (kind: string, name?: string) => ({
  name: "grant",
  source: "test",
  namespace: "certs",
  from: [{ group: "gateway.networking.k8s.io", kind, namespace: "infra" }],
  to: [{ group: "", kind: "Secret", name }],
});

const ROWS: readonly ListenerRow[] = [
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

function unconfigured(): readonly string[] {
  return [
    "Accepted=True Accepted",
    "Programmed=False InvalidTLSConfig",
    "ResolvedRefs=True ResolvedRefs",
    "Conflicted=False NoConflicts",
  ];
}

describe("The certificates of a listener", () => {
  testListenerRows(ROWS);
});
