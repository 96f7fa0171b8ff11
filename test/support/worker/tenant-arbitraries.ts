import fc from "fast-check";
import { compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import { buildIngressManifest, buildServiceManifest, withNginxPrefix } from "../manifests.ts";
import { aliceRoute, bobConfig, bobRoutes, SHARED_GATEWAY } from "./tenant-route-arbitraries.ts";

/** Only alice may claim her hosts, and only her Services may have the first two addresses. */
export const PERMITS = `
claims:
  - { namespaces: [alice], hosts: [a.example.com, "*.a.example.com"] }
  - { namespaces: [bob], hosts: [b.example.com, "*.b.example.com"] }
limits: [{ namespaces: ["*"], maxRoutes: 100 }]
origins:
  - { namespaces: [alice], addresses: [203.0.113.20, 203.0.113.21] }
  - { namespaces: [bob], addresses: [203.0.113.10, 203.0.113.11] }
`;

/** The same, but bob may claim every host and use every address. */
export const BROKEN_PERMITS = PERMITS.replace('[b.example.com, "*.b.example.com"]', '["*"]');

type Manifest = { readonly metadata: object } & Readonly<Record<string, unknown>>;

function inNamespace(namespace: string, manifest: Manifest, metadata: object = {}): Manifest {
  return { ...manifest, metadata: { ...manifest.metadata, ...metadata, namespace } };
}

const OPTIONAL = { requiredKeys: [] };
// No annotation whose answers depend on the time, on chance or on earlier requests.
const aliceAnnotations = fc.record(
  {
    "auth-url": fc.constantFrom(
      "http://gate.alice.svc/verify",
      "http://gate.alice.svc/deny",
      "http://open.a.example.com/",
    ),
    "auth-response-headers": fc.constant("X-User"),
    "auth-type": fc.constant("basic"),
    "auth-secret": fc.constantFrom("staff", "nothing"),
    "whitelist-source-range": fc.constantFrom("198.51.100.0/24", "192.0.2.0/24"),
    "denylist-source-range": fc.constantFrom("198.51.100.0/24", "192.0.2.0/24"),
    satisfy: fc.constantFrom("any", "all"),
    "auth-tls-secret": fc.constant("alice/client-ca"),
    "rewrite-target": fc.constantFrom("/new", "/$1"),
    "use-regex": fc.constantFrom("true", "false"),
    "app-root": fc.constant("/app"),
    "server-alias": fc.constant("alias.a.example.com"),
    "from-to-www-redirect": fc.constant("true"),
    "permanent-redirect": fc.constant("https://www.a.example.com/new"),
    "force-ssl-redirect": fc.constant("true"),
    "enable-cors": fc.constant("true"),
    "custom-http-errors": fc.constantFrom("404,503", "401"),
    "default-backend": fc.constant("gate"),
    "proxy-body-size": fc.constantFrom("1", "1m"),
    "upstream-vhost": fc.constant("open.a.example.com"),
    "server-snippet": fc.constant("deny all;"),
  },
  OPTIONAL,
);
const date = fc.constantFrom("2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z");

/** The objects of alice: two hosts with random annotations, an open one, and hosts of an HTTPRoute. */
export const aliceObjects = fc
  .tuple(aliceAnnotations, aliceAnnotations, date, fc.constantFrom("app", "missing"), aliceRoute)
  .map(([first, second, creationTimestamp, service, routes]): Manifest[] => [
    ...SHARED_GATEWAY,
    ...routes,
    ...[
      buildIngressManifest("front", "a.example.com", { "/": "app", "/admin": service }, withNginxPrefix(first)),
      buildIngressManifest("wild", "*.a.example.com", { "/": "app" }, withNginxPrefix(second)),
      buildIngressManifest("open", "open.a.example.com", { "/": "app" }),
      buildServiceManifest("app", ["203.0.113.20"]),
      buildServiceManifest("gate", ["203.0.113.21"]),
      { kind: "Secret", apiVersion: "v1", metadata: { name: "staff" }, stringData: { auth: "ann:{PLAIN}right\n" } },
      { kind: "Secret", apiVersion: "v1", metadata: { name: "client-ca" }, stringData: { "ca.crt": "any" } },
    ].map((manifest) => inNamespace("alice", manifest, { creationTimestamp })),
  ]);

/** The class of all Ingresses, which can enforce a setting. */
export const classObjects = fc
  .record(
    {
      enforced: fc.constantFrom("whitelist-source-range", "auth-url, satisfy", "ssl-redirect, whitelist-source-range"),
      "whitelist-source-range": fc.constantFrom("198.51.100.0/24", "192.0.2.0/24"),
      "auth-url": fc.constant("http://gate.alice.svc/verify"),
      "ssl-redirect": fc.constant("false"),
      satisfy: fc.constantFrom("any", "all"),
    },
    OPTIONAL,
  )
  .map((data): Manifest[] => [
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "IngressClass",
      metadata: { name: "edgress" },
      spec: {
        controller: "edgress.dev/ingress-controller",
        parameters: { kind: "ConfigMap", name: "edgress", namespace: "platform", scope: "Namespace" },
      },
    },
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "edgress", namespace: "platform" }, data },
  ]);

const ALICE_HOSTS = ["a.example.com", "A.Example.Com.", "*.a.example.com", "open.a.example.com", "www.a.example.com"];
const BOB_HOSTS = ["b.example.com", "b.example.com", "*.b.example.com", "x.b.example.com"];
const HOSTS = [undefined, "*.example.com", ...ALICE_HOSTS, ...BOB_HOSTS, ...BOB_HOSTS];
const PATHS = ["/", "/admin", "/Admin", "/ADMIN/", "/.*", "/admin(.*)", "/new", "/.well-known/edgress/health"];
const ALICE_TEXTS = [
  ...[
    "http://app.alice.svc/",
    "http://gate.alice.svc.cluster.local/verify",
    "http://203.0.113.20/",
    "alice/app",
    "app",
  ],
  ...[
    "http://a.example.com/admin",
    "https://open.a.example.com$request_uri",
    "alice/staff",
    "alice/client-ca",
    "staff",
  ],
  ...["a.example.com", "*.a.example.com", "open.a.example.com,www.a.example.com", "https://a.example.com/", "$host"],
  ...["true", "false", "any", "on", "100", "1", "0.0.0.0/0,::/0", "404,503", "/", "/$1", "always", "edgress"],
];
const rows = compiledPolicies.flatMap(({ annotations }) => Object.entries<{ example: string }>(annotations));
const tableRows = rows.map(([name, { example }]) =>
  fc.tuple(fc.constant(name), fc.oneof(fc.constantFrom(...ALICE_TEXTS), fc.constant(example))),
);
// Annotations that name a host, a Service or an object, each with one of alice.
const directedAnnotations = fc.constantFrom<[string, string]>(
  ["server-alias", "any.a.example.com,www.a.example.com,alias.a.example.com"],
  ["server-alias", "*.a.example.com"],
  ["from-to-www-redirect", "true"],
  ["canary", "true"],
  ["canary-weight", "100"],
  ["canary-by-header", "canary"],
  ["default-backend", "alice/app"],
  ["custom-http-errors", "404,503"],
  ["auth-url", "http://a.example.com/admin"],
  ["auth-tls-secret", "alice/client-ca"],
  ["mirror-target", "http://open.a.example.com$request_uri"],
  ["mirror-host", "a.example.com"],
  ["upstream-vhost", "a.example.com"],
  ["use-regex", "true"],
  ["rewrite-target", "/$1"],
  ["server-snippet", "deny all;"],
  ["satisfy", "any"],
  ["limit-rps", "1"],
);
const bobAnnotations = fc
  .array(fc.oneof(directedAnnotations, fc.oneof(directedAnnotations, ...tableRows)), { maxLength: 6 })
  .map((pairs) => withNginxPrefix(Object.fromEntries(pairs)));
const bobIngress = fc
  .tuple(
    fc.constantFrom("front", "wild", "back", "other"),
    fc.constantFrom(...HOSTS),
    fc.constantFrom(...PATHS),
    fc.constantFrom("web", "app", "gate", "alias"),
    bobAnnotations,
    date,
  )
  .map(([name, host, path, service, annotations, creationTimestamp]) =>
    inNamespace("bob", buildIngressManifest(name, host, { [path]: service }, annotations), { creationTimestamp }),
  );
const bobService = fc
  .tuple(
    fc.constantFrom("web", "app", "gate", "alias"),
    fc.constantFrom(["203.0.113.10"], ["203.0.113.20"], ["203.0.113.21", "203.0.113.10"], ["203.0.113.11"]),
  )
  .map(([name, addresses]) => inNamespace("bob", buildServiceManifest(name, addresses)));
/** The objects of bob, who may write anything in his namespace. A later object replaces one of the same name. */
export const bobObjects = fc
  .tuple(
    fc.array(bobIngress, { minLength: 1, maxLength: 6 }),
    fc.array(bobService, { maxLength: 4 }),
    fc.array(
      bobConfig.map((manifest) => inNamespace("bob", manifest)),
      { maxLength: 2 },
    ),
    bobRoutes,
  )
  .map((groups): Manifest[] => {
    const byName = groups
      .flat()
      .map((manifest) => [`${manifest.kind}/${JSON.stringify(manifest.metadata)}`, manifest] as const);
    return [
      ...new Map(
        byName.map(([, manifest]) => [`${manifest.kind}/${(manifest.metadata as { name: string }).name}`, manifest]),
      ).values(),
    ];
  });
