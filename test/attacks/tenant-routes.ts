import assert from "node:assert/strict";
import type { Options } from "../../sync/compile/options.ts";
import { explain } from "../../sync/explain/explain.ts";
import { parsePermits } from "../../sync/permits/parse.ts";
import { compileObjects, FAST_OPTIONS } from "../compile/compile-objects.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";

// Two tenants with routes on the Gateway `infra/web`, whose listeners take routes and ListenerSets of all namespaces.

const VERSION = "gateway.networking.k8s.io/v1";
export const OLD = { creationTimestamp: "2024-01-01T00:00:00Z" };
export const YOUNG = { creationTimestamp: "2025-01-01T00:00:00Z" };

/** Only alice may claim her hosts. */
export const PERMITS = `
claims:
  - { namespaces: [alice], hosts: [a.example.com, "*.a.example.com"] }
  - { namespaces: [bob], hosts: [b.example.com, "*.b.example.com"] }
`;

type Scheme = "http" | "https";

export function buildListener(scheme: Scheme, hostname?: string): object {
  return {
    name: `${scheme}${hostname === undefined ? "" : `-${hostname.replace("*", "any")}`}`,
    ...(scheme === "http" ? { port: 80, protocol: "HTTP" } : { port: 443, protocol: "HTTPS" }),
    ...(hostname !== undefined && { hostname }),
    ...(scheme === "https" && { tls: { options: { "edgress.dev/certificate": "cloudflare" } } }),
    allowedRoutes: { namespaces: { from: "All" } },
  };
}

/** Returns a Gateway: `buildGateway("bob/evil", [buildListener("http")])`. */
export function buildGateway(name: string, listeners: readonly object[]): object {
  const allowedListeners = { namespaces: { from: "All" } };
  const spec = { gatewayClassName: "edgress", allowedListeners, listeners };
  return { apiVersion: VERSION, kind: "Gateway", metadata: parseName(name), spec };
}

export function buildListenerSet(name: string, listeners: readonly object[]): object {
  const parentRef = { namespace: "infra", name: "web" };
  return { apiVersion: VERSION, kind: "ListenerSet", metadata: parseName(name), spec: { parentRef, listeners } };
}

interface RouteParts {
  readonly metadata?: object;
  readonly parent?: object;
}

/** Returns an HTTPRoute on Gateway `infra/web`: `buildRoute("bob/r", ["b.example.com"], [forwardTo("web")])`. */
export function buildRoute(
  name: string,
  hostnames: readonly string[],
  rules: readonly object[],
  { metadata = {}, parent = {} }: RouteParts = {},
): object {
  const parentRefs = [{ namespace: "infra", name: "web", ...parent }];
  const spec = { parentRefs, hostnames, rules };
  return { apiVersion: VERSION, kind: "HTTPRoute", metadata: { ...parseName(name), ...metadata }, spec };
}

/** Returns a rule with one backend. */
export function forwardTo(service: string, parts: object = {}): object {
  return { backendRefs: [{ name: service, port: 80 }], ...parts };
}

/** Returns an Ingress with one Service for paths of a host; of any host if undefined. */
export function buildTenantIngress(
  name: string,
  host: string | undefined,
  paths: Record<string, string>,
  metadata: object = {},
): object {
  const manifest = buildIngressManifest("", host, paths);
  return { ...manifest, metadata: { ...manifest.metadata, ...parseName(name), ...metadata } };
}

function parseName(text: string) {
  const [namespace, name] = text.split("/");
  return { namespace, name };
}

function buildTenantService(name: string, address: string): object {
  return { ...buildServiceManifest("", [address]), metadata: parseName(name) };
}

/** The class, the shared Gateway, and a Service of each tenant. */
export const SHARED = [
  {
    ...{ apiVersion: VERSION, kind: "GatewayClass", metadata: { name: "edgress" } },
    spec: { controllerName: "edgress.dev/ingress-controller" },
  },
  buildGateway("infra/web", [buildListener("http"), buildListener("https")]),
  buildTenantService("alice/app", "203.0.113.20"),
  buildTenantService("bob/web", "203.0.113.10"),
];

/** What a cluster answers: the backend of a request, or a status. */
export type FindAnswer = (
  url: string,
  request?: { method?: string; headers?: Record<string, string> },
) => Promise<string>;

/** Compiles objects beside the shared ones. */
export function compileTenants(
  objects: readonly object[],
  { permits = PERMITS, ...options }: { readonly permits?: string } & Partial<Pick<Options, "exclusiveHosts">> = {},
) {
  const parsed = parsePermits(permits);
  assert.ok(parsed.ok);
  const compilation = compileObjects([...SHARED, ...objects], { ...FAST_OPTIONS, ...options, permits: parsed.value });
  const find: FindAnswer = async (url, { method = "GET", headers = {} } = {}) => {
    const { route, status } = await explain(compilation.rules, { url, method, headers: Object.entries(headers) });
    return status === "from-origin" ? (route?.backend ?? "no backend") : String(status);
  };
  return { find, compilation, reasons: compilation.diagnostics.map(({ reason, object }) => `${reason} ${object}`) };
}

/** Permits without any claims: every namespace may claim every host. */
export const NO_CLAIMS = "origins: [{ namespaces: ['*'], addresses: [203.0.113.0/24] }]";
