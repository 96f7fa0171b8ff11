import fc from "fast-check";
import { hostileValue, jsonMutation, mutate } from "./mutations.ts";

const VERSION = "gateway.networking.k8s.io/v1";
const parentRefs = [
  { namespace: "infra", name: "web", sectionName: "http", port: 80 },
  { name: "web" },
  { kind: "ListenerSet", name: "web" },
];
const web = { name: "web", port: 80 };
const auth = { path: "/verify", allowedHeaders: ["X-A"], allowedResponseHeaders: ["X-Forwarded-For"] };
const filters = [
  { type: "RequestRedirect", requestRedirect: { hostname: "a.example.com", statusCode: 301 } },
  { type: "URLRewrite", urlRewrite: { path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/new" } } },
  { type: "URLRewrite", urlRewrite: { hostname: "a.example.com" } },
  { type: "RequestHeaderModifier", requestHeaderModifier: { set: [{ name: "X-A", value: "b" }], remove: ["X-B"] } },
  { type: "ResponseHeaderModifier", responseHeaderModifier: { add: [{ name: "Set-Cookie", value: "a=b" }] } },
  { type: "RequestMirror", requestMirror: { backendRef: { ...web, namespace: "alice" }, percent: 50 } },
  { type: "CORS", cors: { allowOrigins: ["https://a.example.com"], allowCredentials: true, maxAge: 5 } },
  { type: "ExternalAuth", externalAuth: { protocol: "HTTP", backendRef: web, http: auth } },
  { type: "ExtensionRef", extensionRef: { group: "", kind: "ConfigMap", name: "settings" } },
];
const matches = [
  { path: { type: "PathPrefix", value: "/a" }, headers: [{ type: "Exact", name: "X-A", value: "b" }], method: "GET" },
  { path: { type: "RegularExpression", value: "/(a+)+$" }, queryParams: [{ name: "__proto__", value: "b" }] },
  { path: { type: "Exact", value: "/" }, headers: [{ type: "RegularExpression", name: "constructor", value: ".*" }] },
];
const rules = [
  ...filters.map((filter) => ({ matches, filters: [filter], backendRefs: [{ ...web, weight: 1, filters: [filter] }] })),
  {
    backendRefs: [
      { ...web, weight: 1_000_000 },
      { ...web, namespace: "alice", weight: 0 },
    ],
    timeouts: { request: "10s", backendRequest: "2s" },
    retry: { codes: [503], attempts: 2, backoff: "1s" },
    sessionPersistence: { type: "Cookie", sessionName: "session", absoluteTimeout: "1h" },
  },
];
const buildListener = (hostname: string, fields: object = {}) => ({
  ...{ name: hostname.replace("*", "any"), port: 80, protocol: "HTTP", hostname },
  allowedRoutes: { namespaces: { from: "All" }, kinds: [{ kind: "HTTPRoute" }] },
  ...fields,
});
const listeners = [
  buildListener("a.example.com"),
  buildListener("*.example.com"),
  buildListener("x.a.example.com", {
    ...{ port: 443, protocol: "HTTPS", tls: { mode: "Terminate", certificateRefs: [{ name: "certificate" }] } },
    allowedRoutes: { namespaces: { from: "Selector", selector: { matchLabels: { a: "b" } } } },
  }),
];
const EMPTY_STATUS = { conditions: [], parents: [], listeners: [] };

/** Objects of each kind. Those with a namespace are of bob, who may not claim the names in them. */
const SAMPLES: readonly object[] = [
  {
    kind: "GatewayClass",
    spec: { controllerName: "edgress.dev/ingress-controller", parametersRef: { kind: "a", name: "b" } },
  },
  { kind: "Gateway", spec: { gatewayClassName: "edgress", listeners, addresses: [{ value: "a" }] } },
  { kind: "Gateway", spec: { gatewayClassName: "edgress", listeners } },
  { kind: "ListenerSet", spec: { parentRef: { namespace: "infra", name: "web" }, listeners } },
  ...[["a.example.com", "*.a.example.com"], []].map((hostnames) => ({
    ...{ kind: "HTTPRoute", metadata: { annotations: { "edgress.dev/whitelist-source-range": "192.0.2.0/24" } } },
    spec: { parentRefs, hostnames, rules },
  })),
  { kind: "GRPCRoute", spec: { parentRefs, rules: [{ matches: [{ method: { service: "a" } }], backendRefs: [web] }] } },
  { kind: "TLSRoute", spec: { parentRefs, rules: [{ backendRefs: [web] }] } },
  {
    kind: "ReferenceGrant",
    spec: {
      from: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "bob" }],
      to: [{ group: "", kind: "Service" }],
    },
  },
  {
    kind: "BackendTLSPolicy",
    spec: {
      targetRefs: [{ group: "", kind: "Service", name: "app" }],
      validation: { hostname: "a.example.com", wellKnownCACertificates: "System" },
    },
  },
  { apiVersion: "v1", kind: "Namespace", metadata: { labels: { a: "b" } } },
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "settings" },
    data: { "custom-headers": "alice/app", __proto__: "a" },
  },
].map((sample) => ({ apiVersion: VERSION, status: EMPTY_STATUS, ...sample }));

const CLUSTER_KINDS = ["GatewayClass", "Namespace"];
const anySpec = fc
  .tuple(fc.constantFrom(...SAMPLES), hostileValue)
  .map(([sample, spec]): unknown => ({ ...sample, spec }));

/** Objects of the Gateway API of bob: as users write them, changed in some places, or with any content. */
export const gatewayObjects: fc.Arbitrary<readonly unknown[]> = fc.array(
  fc
    .oneof(
      fc.constantFrom<unknown>(...SAMPLES),
      { arbitrary: mutate<unknown>(fc.constantFrom(...SAMPLES), jsonMutation), weight: 4 },
      anySpec,
    )
    .map(keepOwner),
  { minLength: 1, maxLength: 8 },
);

/** Keeps the namespace, which the API server checks, and the class of the administrator. */
function keepOwner(object: unknown): unknown {
  if (typeof object !== "object" || object === null || !("kind" in object)) return object;
  const given = "metadata" in object && typeof object.metadata === "object" ? object.metadata : {};
  const isOfCluster = typeof object.kind === "string" && CLUSTER_KINDS.includes(object.kind);
  const metadata = isOfCluster ? { ...given, name: "bob" } : { name: "web", ...given, namespace: "bob" };
  return { ...object, metadata };
}
