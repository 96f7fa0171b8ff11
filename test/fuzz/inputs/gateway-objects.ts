import fc from "fast-check";
import { jsonMutation, mutate } from "./mutations.ts";

const metadata = { name: "web", namespace: "default" };
const parentRefs = [{ name: "web", sectionName: "http", port: 80 }];
const backendRefs = [{ name: "one", port: 80, weight: 1, filters: [{ type: "RequestMirror" }] }];
const filters = [
  { type: "RequestRedirect", requestRedirect: { hostname: "b.example.com", statusCode: 301 } },
  { type: "URLRewrite", urlRewrite: { path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/new" } } },
  { type: "RequestHeaderModifier", requestHeaderModifier: { set: [{ name: "X-A", value: "b" }], remove: ["X-B"] } },
];
const matches = [
  { path: { type: "PathPrefix", value: "/a" }, headers: [{ type: "Exact", name: "X-A", value: "b" }], method: "GET" },
  { path: { type: "RegularExpression", value: "/(a+)+$" }, queryParams: [{ name: "a", value: "b" }] },
];
const listener = {
  name: "http",
  port: 80,
  protocol: "HTTP",
  hostname: "*.example.com",
  allowedRoutes: { namespaces: { from: "All", selector: { matchLabels: { a: "b" } } }, kinds: [{ kind: "HTTPRoute" }] },
  tls: { mode: "Terminate", certificateRefs: [{ name: "certificate" }] },
};
const EMPTY_STATUS = { conditions: [], parents: [], listeners: [] };

/** One object of each kind of the Gateway API. */
const SAMPLES: readonly unknown[] = [
  {
    kind: "GatewayClass",
    spec: { controllerName: "edgress.dev/ingress-controller", parametersRef: { kind: "a", name: "b" } },
  },
  { kind: "Gateway", spec: { gatewayClassName: "edgress", listeners: [listener], addresses: [{ value: "a" }] } },
  { kind: "HTTPRoute", spec: { parentRefs, hostnames: ["a.example.com"], rules: [{ matches, filters, backendRefs }] } },
  {
    kind: "GRPCRoute",
    spec: { parentRefs, rules: [{ matches: [{ method: { service: "a", method: "b" } }], backendRefs }] },
  },
  { kind: "TLSRoute", spec: { parentRefs, rules: [{ backendRefs }] } },
  {
    kind: "ReferenceGrant",
    spec: { from: [{ group: "", kind: "Ingress", namespace: "a" }], to: [{ group: "", kind: "Service" }] },
  },
  { kind: "BackendTLSPolicy", spec: { targetRefs: [{ group: "", kind: "Service", name: "one" }], validation: {} } },
  { kind: "ListenerSet", spec: { parentRef: { name: "web" }, listeners: [listener] } },
].map((sample) => ({ apiVersion: "gateway.networking.k8s.io/v1", metadata, status: EMPTY_STATUS, ...sample }));

/** Objects of the Gateway API, as a user may write them, and changed in some places. */
export const gatewayObjects = fc.array(
  fc.oneof(fc.constantFrom(...SAMPLES), mutate<unknown>(fc.constantFrom(...SAMPLES), jsonMutation)).map(keepGroup),
  { minLength: 1, maxLength: 6 },
);

/** Keeps the API group, so that a change makes no Ingress of the object. */
function keepGroup(object: unknown): unknown {
  if (typeof object !== "object" || object === null || !("apiVersion" in object)) return object;
  return { ...object, apiVersion: "gateway.networking.k8s.io/v1" };
}
