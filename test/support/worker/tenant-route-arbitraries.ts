import fc from "fast-check";

// HTTPRoutes of alice with conditions, weights and filters, and objects of bob against them.

const VERSION = "gateway.networking.k8s.io/v1";
type Manifest = { readonly metadata: object } & Readonly<Record<string, unknown>>;

function buildObject(kind: string, namespace: string, name: string, spec: object, metadata: object = {}): Manifest {
  return { apiVersion: VERSION, kind, metadata: { namespace, name, ...metadata }, spec };
}

const buildListener = (scheme: "http" | "https", hostname?: string) => ({
  name: `${scheme}-${(hostname ?? "all").replace("*", "any")}`,
  ...(scheme === "http" ? { port: 80, protocol: "HTTP" } : { port: 443, protocol: "HTTPS" }),
  ...(hostname !== undefined && { hostname }),
  ...(scheme === "https" && { tls: { options: { "edgress.dev/certificate": "cloudflare" } } }),
  allowedRoutes: { namespaces: { from: "All" } },
});

/** The class, and a Gateway whose listeners take the routes and ListenerSets of all namespaces. */
export const SHARED_GATEWAY: readonly Manifest[] = [
  buildObject("GatewayClass", "", "edgress", { controllerName: "edgress.dev/ingress-controller" }),
  buildObject("Gateway", "infra", "web", {
    gatewayClassName: "edgress",
    allowedListeners: { namespaces: { from: "All" } },
    listeners: [buildListener("http"), buildListener("https")],
  }),
];

/** Hosts of alice with HTTPRoutes only, and one that an Ingress has too. */
export const ROUTE_HOSTS = ["route.a.example.com", "*.deep.a.example.com", "open.a.example.com"];

const match = fc.record(
  {
    path: fc.constantFrom(
      { type: "PathPrefix", value: "/" },
      { type: "PathPrefix", value: "/admin" },
      { type: "Exact", value: "/admin/x" },
      { type: "RegularExpression", value: "/(admin|x)/.*" },
    ),
    method: fc.constantFrom("GET", "POST"),
    headers: fc.constantFrom(
      [{ name: "X-User", value: "root" }],
      [{ type: "RegularExpression", name: "canary", value: "al.*" }],
    ),
    queryParams: fc.constantFrom([{ name: "y", value: "z" }]),
  },
  { requiredKeys: [] },
);

const buildFilter = (type: string, field: string, settings: object) => ({ type, [field]: settings });
const header = { name: "X-Team", value: "blue" };
// Without chance: weights leave no choice, and no copy is a part of the requests.
const filter = fc.constantFrom(
  buildFilter("RequestHeaderModifier", "requestHeaderModifier", { set: [header], remove: ["X-User"] }),
  buildFilter("ResponseHeaderModifier", "responseHeaderModifier", { add: [header] }),
  buildFilter("URLRewrite", "urlRewrite", { path: { type: "ReplaceFullPath", replaceFullPath: "/new" } }),
  buildFilter("RequestRedirect", "requestRedirect", { hostname: "www.a.example.com" }),
  buildFilter("CORS", "cors", { allowOrigins: ["https://evil.example.org"], allowCredentials: true }),
);

const buildBackends = (service: string) => [
  { name: service, port: 80, weight: 1 },
  { name: service === "app" ? "gate" : "app", port: 80, weight: 0 },
];
const buildRule = (service: fc.Arbitrary<string>, filters: fc.Arbitrary<object>) =>
  fc
    .tuple(fc.array(match, { minLength: 1, maxLength: 3 }), service, fc.option(filters))
    .map(([matches, name, own]) => ({ matches, backendRefs: buildBackends(name), ...(own && { filters: [own] }) }));
const date = fc.constantFrom("2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z");
const parentRefs = [{ namespace: "infra", name: "web" }];

/** A route of alice with two rules or more. The last one takes all other requests, and a guard may protect all. */
export const aliceRoute = fc
  .tuple(
    fc.array(buildRule(fc.constantFrom("app", "gate", "missing"), filter), { minLength: 1, maxLength: 3 }),
    fc.constantFrom({}, { "edgress.dev/denylist-source-range": "198.51.100.0/24" }),
    date,
  )
  .map(([rules, annotations, creationTimestamp]): Manifest[] => [
    buildObject(
      "HTTPRoute",
      "alice",
      "routes",
      { parentRefs, hostnames: ROUTE_HOSTS, rules: [...rules, { backendRefs: buildBackends("app") }] },
      { annotations, creationTimestamp },
    ),
  ]);

const NAMES = [...ROUTE_HOSTS, "x.deep.a.example.com", "a.example.com", "*.a.example.com", "*.example.com"];
const BOB_NAMES = ["b.example.com", "*.b.example.com"];
const hostnames = fc.uniqueArray(fc.constantFrom(...NAMES, ...BOB_NAMES), { maxLength: 4 });
const foreign = { namespace: "alice", name: "app", port: 80 };
const bobFilter = fc.oneof(
  filter,
  fc.constantFrom(
    buildFilter("RequestMirror", "requestMirror", { backendRef: foreign }),
    buildFilter("URLRewrite", "urlRewrite", { hostname: "a.example.com" }),
    buildFilter("ExternalAuth", "externalAuth", { protocol: "HTTP", backendRef: foreign, http: {} }),
  ),
);
const parents = fc.constantFrom(
  ...[{}, { sectionName: "http-all" }, { sectionName: "https-all" }].map((section) => [
    { ...parentRefs[0], ...section },
  ]),
  [{ name: "evil" }],
  [{ kind: "ListenerSet", name: "evil" }, ...parentRefs],
);
const bobRoute = fc
  .tuple(
    fc.constantFrom("one", "two"),
    hostnames,
    fc.array(buildRule(fc.constantFrom("web", "app"), bobFilter), { minLength: 1, maxLength: 3 }),
    parents,
    date,
  )
  .map(([name, names, rules, references, creationTimestamp]) =>
    buildObject("HTTPRoute", "bob", name, { parentRefs: references, hostnames: names, rules }, { creationTimestamp }),
  );
const listeners = fc.uniqueArray(
  fc
    .tuple(fc.constantFrom("http" as const, "https" as const), fc.constantFrom(undefined, ...NAMES))
    .map(([scheme, hostname]) => buildListener(scheme, hostname)),
  { selector: ({ name }) => name, minLength: 1, maxLength: 4 },
);
const bobListeners = fc.oneof(
  listeners.map((list) => buildObject("Gateway", "bob", "evil", { gatewayClassName: "edgress", listeners: list })),
  listeners.map((list) => buildObject("ListenerSet", "bob", "evil", { parentRef: parentRefs[0], listeners: list })),
);

/** HTTPRoutes, Gateways and ListenerSets of bob. */
export const bobRoutes: fc.Arbitrary<readonly Manifest[]> = fc.array(fc.oneof(bobRoute, bobListeners), {
  maxLength: 4,
});

/** Objects of bob that rules may refer to. */
export const bobConfig = fc.constantFrom<Manifest>(
  { kind: "Secret", apiVersion: "v1", metadata: { name: "staff" }, stringData: { auth: "eve:{PLAIN}right\n" } },
  { kind: "ConfigMap", apiVersion: "v1", metadata: { name: "edgress" }, data: { satisfy: "any" } },
  {
    kind: "ReferenceGrant",
    apiVersion: "gateway.networking.k8s.io/v1beta1",
    metadata: { name: "all" },
    spec: {
      from: [
        { group: "networking.k8s.io", kind: "Ingress", namespace: "bob" },
        { group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "bob" },
      ],
      to: [{ group: "", kind: "Service" }],
    },
  },
);
