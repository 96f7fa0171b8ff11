import * as z from "zod";
import { ApiError, type KubernetesClient } from "./client.ts";

/** A kind of object in one API version. */
export interface Resource {
  readonly kind: string;
  readonly apiVersion: string; // "v1", "networking.k8s.io/v1"
  readonly plural: string;
}

const VERSIONS = {
  Ingress: ["networking.k8s.io/v1", "networking.k8s.io/v1beta1", "extensions/v1beta1"],
  IngressClass: ["networking.k8s.io/v1", "networking.k8s.io/v1beta1"],
  ReferenceGrant: ["gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1"],
} as const;

const PLURALS = { Ingress: "ingresses", IngressClass: "ingressclasses", ReferenceGrant: "referencegrants" } as const;

export const SERVICES: Resource = { kind: "Service", apiVersion: "v1", plural: "services" };
export const SECRETS: Resource = { kind: "Secret", apiVersion: "v1", plural: "secrets" };
export const CONFIG_MAPS: Resource = { kind: "ConfigMap", apiVersion: "v1", plural: "configmaps" };

const ApiResourceList = z.object({ resources: z.array(z.object({ name: z.string() })) });

/**
 * Returns a kind in the newest version that the server supports. All versions have the same objects. Returns undefined if
 * the server supports none, and rejects if the request fails.
 */
export async function findNewestResource(
  api: KubernetesClient,
  kind: keyof typeof VERSIONS,
): Promise<Resource | undefined> {
  const plural = PLURALS[kind];
  for (const apiVersion of VERSIONS[kind]) {
    const servedNames = await listResourceNames(api, apiVersion);
    if (servedNames.includes(plural)) return { kind, apiVersion, plural };
  }
  return undefined;
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
