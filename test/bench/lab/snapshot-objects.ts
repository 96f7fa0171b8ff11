import { buildIngressManifest, buildServiceManifest } from "../../support/manifests.ts";
import { INGRESS_CLASS } from "./workload.ts";

const NAMESPACES = 100;
const SERVICE_COUNT = 500;
const PATHS = ["/", "/api", "/static"];
const PATHS_PER_INGRESS = 100;

/** Returns hosts with three paths each, in 100 namespaces. */
export function buildHosts(count: number, annotations: Readonly<Record<string, string>> = {}): object[] {
  const ingresses = Array.from({ length: count }, (_, index) => {
    const paths = PATHS.map((path, number) => [path, `service-${(index + number * NAMESPACES) % SERVICE_COUNT}`]);
    const host = `host-${index}.example.com`;
    return inNamespace(buildIngressManifest(`ingress-${index}`, host, Object.fromEntries(paths), annotations), index);
  });
  return [INGRESS_CLASS, ...buildServices(), ...ingresses];
}

/** Returns Ingresses with many paths on one host, or on rules without a host. */
export function buildLargeHost(host: string | undefined, paths: readonly string[], isRegex = false): object[] {
  const annotations = isRegex ? { "nginx.ingress.kubernetes.io/rewrite-target": "/$2" } : {};
  return Array.from({ length: Math.ceil(paths.length / PATHS_PER_INGRESS) }, (_, index) => {
    const part = paths.slice(index * PATHS_PER_INGRESS, (index + 1) * PATHS_PER_INGRESS);
    const backends = Object.fromEntries(
      part.map((path, number) => [path, `service-${(number * NAMESPACES) % SERVICE_COUNT}`]),
    );
    return inNamespace(buildIngressManifest(`large-${index}`, host, backends, annotations), 0);
  });
}

/** Returns wildcards with one path each. */
export function buildWildcards(count: number): object[] {
  return Array.from({ length: count }, (_, index) =>
    inNamespace(buildIngressManifest(`wildcard-${index}`, `*.w${index}.example.com`, { "/": "service-0" }), 0),
  );
}

function buildServices(): object[] {
  return Array.from({ length: SERVICE_COUNT }, (_, index) =>
    inNamespace(buildServiceManifest(`service-${index}`, [`203.0.113.${index % 250}`]), index),
  );
}

function inNamespace(object: object, index: number): object {
  const { metadata } = object as { readonly metadata: object };
  return { ...object, metadata: { ...metadata, namespace: `team-${index % NAMESPACES}` } };
}
