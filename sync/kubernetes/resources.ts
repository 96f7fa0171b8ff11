import * as z from "zod";
import { ApiError, type KubernetesClient } from "./client.ts";

/** A kind of object in one API version. */
export interface Resource {
  readonly kind: string;
  readonly apiVersion: string; // "v1", "networking.k8s.io/v1"
  readonly plural: string;
}

const GATEWAY_VERSIONS = ["gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1"] as const;

const VERSIONS = {
  Ingress: ["networking.k8s.io/v1", "networking.k8s.io/v1beta1", "extensions/v1beta1"],
  IngressClass: ["networking.k8s.io/v1", "networking.k8s.io/v1beta1"],
  GatewayClass: GATEWAY_VERSIONS,
  Gateway: GATEWAY_VERSIONS,
  ListenerSet: GATEWAY_VERSIONS,
  HTTPRoute: GATEWAY_VERSIONS,
  ReferenceGrant: GATEWAY_VERSIONS,
  BackendTLSPolicy: GATEWAY_VERSIONS,
} as const;

/** A kind that has been in several API versions. */
export type VersionedKind = keyof typeof VERSIONS;

export const PLURALS = {
  Ingress: "ingresses",
  IngressClass: "ingressclasses",
  GatewayClass: "gatewayclasses",
  Gateway: "gateways",
  ListenerSet: "listenersets",
  HTTPRoute: "httproutes",
  ReferenceGrant: "referencegrants",
  BackendTLSPolicy: "backendtlspolicies",
} as const;

export const SERVICES: Resource = { kind: "Service", apiVersion: "v1", plural: "services" };
export const SECRETS: Resource = { kind: "Secret", apiVersion: "v1", plural: "secrets" };
export const CONFIG_MAPS: Resource = { kind: "ConfigMap", apiVersion: "v1", plural: "configmaps" };
export const NAMESPACES: Resource = { kind: "Namespace", apiVersion: "v1", plural: "namespaces" };
export const RESOURCE_DEFINITIONS: Resource = {
  kind: "CustomResourceDefinition",
  apiVersion: "apiextensions.k8s.io/v1",
  plural: "customresourcedefinitions",
};

const ApiResourceList = z.object({ resources: z.array(z.object({ name: z.string() })) });

/**
 * Returns a kind in the newest version that the server supports. All versions have the same objects. Returns undefined if
 * the server supports none, and rejects if the request fails.
 */
export async function findNewestResource(
  api: KubernetesClient,
  kind: VersionedKind,
  listNames = (apiVersion: string) => listResourceNames(api, apiVersion),
): Promise<Resource | undefined> {
  const plural = PLURALS[kind];
  for (const apiVersion of VERSIONS[kind]) {
    const servedNames = await listNames(apiVersion);
    if (servedNames.includes(plural)) return { kind, apiVersion, plural };
  }
  return undefined;
}

/** Finds a kind, as `findNewestResource` does. */
export type FindResource = (kind: VersionedKind) => Promise<Resource | undefined>;

/** Returns a search for kinds. Searches that overlap send one request for each API version. */
export function createResourceSearch(api: KubernetesClient): FindResource {
  const requests = new Map<string, Promise<string[]>>(); // in progress
  const listNames = (apiVersion: string) => {
    const request = requests.get(apiVersion) ?? listResourceNames(api, apiVersion);
    requests.set(apiVersion, request);
    return request.finally(() => requests.delete(apiVersion));
  };
  return (kind) => findNewestResource(api, kind, listNames);
}

async function listResourceNames(api: KubernetesClient, apiVersion: string): Promise<string[]> {
  try {
    const { resources } = ApiResourceList.parse(await api.get(buildApiRoot(apiVersion)));
    return resources.map(({ name }) => name);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

/** Returns the path of a collection (of one namespace or of all), or of one object in it. */
export function buildResourcePath({ apiVersion, plural }: Resource, namespace?: string, name?: string): string {
  const scope = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  const object = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  return `${buildApiRoot(apiVersion)}${scope}/${plural}${object}`;
}

function buildApiRoot(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
