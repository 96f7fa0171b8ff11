import type { AppliedObject } from "../../support/api-server.ts";
import { ANN_AUTHORIZATION, HASHES } from "../../support/publish/basic-auth-cluster.ts";

/** The guard of a host. It is in every version of its Ingress. */
export type HostGuard = "none" | "allow-list" | "basic-auth" | "https-only";

const GUARDS: readonly HostGuard[] = ["none", "allow-list", "basic-auth", "https-only"];
const HOSTS = 24;
const SERVICES = 4;

/** An address of the documentation ranges that no allow list contains. */
export const STRANGER_IP = "203.0.113.250";
export const VALID_AUTHORIZATION = ANN_AUTHORIZATION;

/** A host of the soak. Its Ingress changes with each version, its guard does not. */
export interface SoakHost {
  readonly index: number;
  readonly name: string;
  readonly guard: HostGuard;
}

export const SOAK_HOSTS: readonly SoakHost[] = Array.from({ length: HOSTS }, (_, index) => ({
  index,
  name: `app-${index}.example.com`,
  guard: GUARDS[index % GUARDS.length] ?? "none",
}));

/** The Services with their addresses. */
export const SOAK_SERVICES = Array.from({ length: SERVICES }, (_, index) => ({
  name: `svc-${index}`,
  address: `203.0.113.${10 + index}`,
}));

/** Clients whose addresses the allow lists contain. */
export const SOAK_CLIENTS = Array.from({ length: 60 }, (_, index) => `198.51.100.${index + 1}`);

const GUARD_ANNOTATIONS: Readonly<Record<HostGuard, Readonly<Record<string, string>>>> = {
  none: {},
  "allow-list": { "whitelist-source-range": "198.51.100.0/24" },
  "basic-auth": { "auth-type": "basic", "auth-secret": "users" },
  "https-only": { "force-ssl-redirect": "true" },
};

/**
 * Returns the Ingress of a host in a version. The version shows in the path for the origin, in a response header and in
 * the Service, so that each answer names the rules that made it.
 */
export function buildHostIngress({ index, name, guard }: SoakHost, version: number): AppliedObject {
  const annotations = {
    "rewrite-target": `/v${version}/h${index}/$2`,
    "configuration-snippet": `more_set_headers "X-Rules: v${version}";`,
    ...GUARD_ANNOTATIONS[guard],
  };
  const service = { name: SOAK_SERVICES[version % SERVICES]?.name ?? "", port: { number: 80 } };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      name: `app-${index}`,
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]),
      ),
    },
    spec: {
      ingressClassName: "edgress",
      rules: [
        {
          host: name,
          http: { paths: [{ path: "/app(/|$)(.*)", pathType: "ImplementationSpecific", backend: { service } }] },
        },
      ],
    },
  };
}

/** Returns the objects that never change: the IngressClass is that of the API server. */
export function buildFixedObjects(): AppliedObject[] {
  const services = SOAK_SERVICES.map(({ name, address }) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { externalIPs: [address], ports: [{ port: 80 }] },
  }));
  const users = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "users" },
    data: { auth: btoa(`ann:${HASHES[0]}`) },
  };
  return [...services, users];
}
