import { errorMessage } from "../../../src/rules/error-message.ts";
import { type Cluster, nameOf } from "../../collect/cluster-model.ts";
import { mergeClusters } from "../../collect/merge-clusters.ts";
import type { Meta } from "../../collect/object-meta.ts";
import { parseCluster, parseObject, type RawObject } from "../../collect/parse-objects.ts";
import { ApiError, type KubernetesClient } from "../../kubernetes/client.ts";
import { listAll } from "../../kubernetes/list.ts";
import {
  buildResourcePath,
  CONFIG_MAPS,
  findNewestResource,
  type Resource,
  SECRETS,
  SERVICES,
} from "../../kubernetes/resources.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import type { LookUpObject, ObjectLookup, ObjectName } from "./object-lookup.ts";

/** The source of objects of a cluster. */
const LIVE_SOURCE = "cluster";

type ApiReader = Pick<KubernetesClient, "get" | "getMetadata">;

/**
 * Lists Services, IngressClasses and ReferenceGrants of a cluster, and its Ingresses if `withIngresses`. Rejects with a
 * `UsageError` if the cluster is not readable.
 */
export async function readLiveCluster(api: KubernetesClient, withIngresses: boolean): Promise<Cluster> {
  try {
    const kinds = ["IngressClass", "ReferenceGrant", ...(withIngresses ? (["Ingress"] as const) : [])] as const;
    const resources = await Promise.all(kinds.map((kind) => findNewestResource(api, kind)));
    const servedResources = [SERVICES, ...resources.filter((resource) => resource !== undefined)];
    return parseCluster((await Promise.all(servedResources.map((resource) => listObjects(api, resource)))).flat());
  } catch (error) {
    throw new UsageError(`cluster is not readable: ${errorMessage(error)}. Check the kubeconfig and its permissions`);
  }
}

/** Adds the objects of a live cluster to those of manifests. An object of the manifests replaces the live one. */
export function addLiveObjects(manifests: Cluster, live: Cluster): Cluster {
  const invalidNames = new Set(manifests.invalidObjects.map((object) => `${object.kind} ${nameOf(object)}`));
  const without = <T extends Meta>(kind: string, objects: readonly T[], own: readonly T[]): T[] => {
    const ownNames = new Set(own.map(nameOf));
    return objects.filter((object) => !ownNames.has(nameOf(object)) && !invalidNames.has(`${kind} ${nameOf(object)}`));
  };
  const classNames = new Set(manifests.classes.map(({ name }) => name));
  return mergeClusters([
    manifests,
    {
      ...live,
      ingresses: without("Ingress", live.ingresses, manifests.ingresses),
      services: without("Service", live.services, manifests.services),
      classes: live.classes.filter(({ name }) => !classNames.has(name)),
      referenceGrants: without("ReferenceGrant", live.referenceGrants, manifests.referenceGrants),
    },
  ]);
}

/** Creates a lookup in a live cluster. It reads whether a Secret exists, and not its content. */
export function createLiveLookup(api: ApiReader): LookUpObject {
  return async (object) => {
    switch (object.kind) {
      case "Service":
      case "IngressClass":
        return { state: "missing" }; // all of them are listed already
      case "Secret":
        return readSecretMetadata(api, object);
      case "ConfigMap":
        return readConfigMap(api, object);
    }
  };
}

async function readConfigMap(api: ApiReader, object: ObjectName): Promise<ObjectLookup> {
  return readUnlessRefused(async () => {
    const content = await api.get(buildPath(CONFIG_MAPS, object));
    const [parsedObject] = parseObject(withType({ object: content, source: LIVE_SOURCE }, CONFIG_MAPS));
    return parsedObject?.kind === "ConfigMap"
      ? { state: "exists", configMap: parsedObject.object }
      : { state: "unknown" };
  });
}

async function readSecretMetadata(api: ApiReader, object: ObjectName): Promise<ObjectLookup> {
  return readUnlessRefused(async () => {
    await api.getMetadata(buildPath(SECRETS, object));
    return { state: "exists" };
  });
}

/** Without permission, the object is unknown. */
async function readUnlessRefused(read: () => Promise<ObjectLookup>): Promise<ObjectLookup> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { state: "missing" };
    if (error instanceof ApiError && error.status === 403) return { state: "unknown" };
    throw new UsageError(`cluster is not readable: ${errorMessage(error)}. Check the kubeconfig and its permissions`);
  }
}

/** Lists all objects of a kind. ReferenceGrants are optional, because few users may list them. */
async function listObjects(api: KubernetesClient, resource: Resource): Promise<RawObject[]> {
  const path = buildResourcePath(resource);
  const transform = (object: object) => withType({ object, source: LIVE_SOURCE }, resource);
  try {
    return (await listAll(api, { path, query: {}, transform })).objects;
  } catch (error) {
    const isForbidden = error instanceof ApiError && error.status === 403;
    if (isForbidden && resource.kind === "ReferenceGrant") return [];
    throw error;
  }
}

/** Adds kind and version, which the items of a list lack. */
function withType({ object, source }: RawObject, { apiVersion, kind }: Resource): RawObject {
  return { object: { ...(object as object), apiVersion, kind }, source };
}

function buildPath(resource: Resource, { namespace, name }: ObjectName): string {
  return buildResourcePath(resource, namespace, name);
}
