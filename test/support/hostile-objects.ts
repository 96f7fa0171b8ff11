import type { AppliedObject } from "./api-server.ts";
import { buildServiceManifest } from "./manifests.ts";

/** Paths for which a check of the regex by trial takes as long as one may take. */
export const SLOWEST_CHECKS = Array.from({ length: 100 }, (_, index) => `/.{0,1000}.{0,1000}.{0,1000}x${index}`);
/** Paths whose automata are as large as regexes of that length can make them. */
export const LARGEST_REGEXES = Array.from({ length: 100 }, (_, index) => `/.{1000}.{1000}.{1000}.{1000}x${index}`);

const HOSTS = 3000;
const RANGES = 12_500;

/** Returns an Ingress of a namespace, and its Service "web". Its paths are regexes. */
export function buildTenant(
  namespace: string,
  paths: readonly string[],
  addresses: readonly string[] = ["203.0.113.20"],
): AppliedObject[] {
  const rules = [{ host: `${namespace}.example.com`, http: { paths: paths.map(buildPath) } }];
  return [withNamespace(buildServiceManifest("web", addresses), namespace), buildIngress(namespace, rules, {})];
}

/** Returns an Ingress of 608 KB: 3,000 hosts, and one allow list for all. */
export function buildHugeIngress(namespace: string): AppliedObject {
  const rules = Array.from({ length: HOSTS }, (_, index) => ({
    host: `h${index}.${namespace}.example.com`,
    http: { paths: [buildPath("/")] },
  }));
  const ranges = Array.from({ length: RANGES }, (_, index) => `10.${index >> 8}.${index & 255}.1/32`).join(",");
  return buildIngress(namespace, rules, { "nginx.ingress.kubernetes.io/whitelist-source-range": ranges });
}

function buildPath(path: string) {
  return { path, pathType: "ImplementationSpecific", backend: { service: { name: "web", port: { number: 80 } } } };
}

function buildIngress(namespace: string, rules: readonly object[], annotations: Readonly<Record<string, string>>) {
  const ingress = {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "web", annotations: { "nginx.ingress.kubernetes.io/use-regex": "true", ...annotations } },
    spec: { ingressClassName: "edgress", rules },
  };
  return withNamespace(ingress, namespace);
}

function withNamespace<T extends AppliedObject>(object: T, namespace: string): T {
  return { ...object, metadata: { ...object.metadata, namespace } };
}
