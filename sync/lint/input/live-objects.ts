import { errorMessage } from "../../../src/rules/error-message.ts";
import type { Cluster } from "../../collect/cluster-model.ts";
import { selectsNamespaces } from "../../collect/gateway/namespace-selectors.ts";
import { mergeClusters } from "../../collect/merge-clusters.ts";
import { parseCluster, parseObject, type RawObject } from "../../collect/parse-objects.ts";
import { ApiError, type KubernetesClient } from "../../kubernetes/client.ts";
import { listAll } from "../../kubernetes/list.ts";
import {
  buildResourcePath,
  CONFIG_MAPS,
  findNewestResource,
  NAMESPACES,
  type Resource,
  SECRETS,
  SERVICES,
} from "../../kubernetes/resources.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import type { LookUpObject, ObjectLookup, ObjectName } from "./object-lookup.ts";

/** The source of objects of a cluster. */
const LIVE_SOURCE = "cluster";

type ApiReader = Pick<KubernetesClient, "get" | "getMetadata">;

const GATEWAY_KINDS = ["GatewayClass", "Gateway", "ListenerSet", "BackendTLSPolicy"] as const;

/** The objects of a cluster, and the kinds that the user may not list. */
export interface LiveObjects {
  readonly cluster: Cluster;
  readonly refusedKinds: readonly Resource[];
}

/**
 * Lists Services, classes, Gateways and ReferenceGrants of a cluster, and its Ingresses and HTTPRoutes if `withRoutes`.
 * Kinds that the server does not have are empty. Rejects with a `UsageError` if the cluster is not readable.
 */
export async function readLiveCluster(api: KubernetesClient, withRoutes: boolean): Promise<LiveObjects> {
  try {
    const routeKinds = withRoutes ? (["Ingress", "HTTPRoute"] as const) : [];
    const kinds = ["IngressClass", "ReferenceGrant", ...GATEWAY_KINDS, ...routeKinds] as const;
    const resources = await Promise.all(kinds.map((kind) => findNewestResource(api, kind)));
    const servedResources = [SERVICES, ...resources.filter((resource) => resource !== undefined)];
    const lists = await Promise.all(servedResources.map((resource) => listObjects(api, resource)));
    const cluster = parseCluster(lists.flatMap((list) => list ?? []));
    const refusedKinds = servedResources.filter((_, index) => lists[index] === undefined);
    const namespaces = selectsNamespaces(cluster.gateway) ? await listObjects(api, NAMESPACES) : [];
    const refused = namespaces === undefined ? [...refusedKinds, NAMESPACES] : refusedKinds;
    return { cluster: mergeClusters([cluster, parseCluster(namespaces ?? [])]), refusedKinds: refused };
  } catch (error) {
    throw new UsageError(`cluster is not readable: ${errorMessage(error)}. Check the kubeconfig and its permissions`);
  }
}

/** Creates a lookup in a live cluster. It reads whether a Secret exists, and not its content. */
export function createLiveLookup(api: ApiReader, refusedKinds: readonly Resource[]): LookUpObject {
  return async (object) => {
    switch (object.kind) {
      case "Service":
      case "IngressClass":
      case "GatewayClass":
      case "Gateway":
      case "ListenerSet":
        // All of them are listed already, unless the user may not list them.
        return { state: refusedKinds.some(({ kind }) => kind === object.kind) ? "unknown" : "missing" };
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

/** Kinds that few users may list. The others are necessary. */
const OPTIONAL_KINDS: readonly string[] = ["ReferenceGrant", "HTTPRoute", "Namespace", ...GATEWAY_KINDS];

/** Lists all objects of a kind. Returns undefined if the user may not list an optional kind. */
async function listObjects(api: KubernetesClient, resource: Resource): Promise<RawObject[] | undefined> {
  const path = buildResourcePath(resource);
  const transform = (object: object) => withType({ object, source: LIVE_SOURCE }, resource);
  try {
    return (await listAll(api, { path, query: {}, transform })).objects;
  } catch (error) {
    const isForbidden = error instanceof ApiError && error.status === 403;
    if (isForbidden && OPTIONAL_KINDS.includes(resource.kind)) return undefined;
    throw error;
  }
}

/** Returns the rules that the user's role lacks, one for each API group. */
export function describeRefusals(kinds: readonly Resource[]): string[] {
  const byGroup = Map.groupBy(kinds, ({ apiVersion }) => (apiVersion.includes("/") ? apiVersion.split("/")[0] : ""));
  return [...byGroup].map(([group, resources]) => {
    const names = resources.map(({ kind }) => kind).join(", ");
    const plurals = resources.map(({ plural }) => plural).join(", ");
    return `not checked, because the cluster refuses the list: ${names}. Add the verb list for ${plurals} of API group "${group}" to the role`;
  });
}

/** Adds kind and version, which the items of a list lack. */
function withType({ object, source }: RawObject, { apiVersion, kind }: Resource): RawObject {
  return { object: { ...(object as object), apiVersion, kind }, source };
}

function buildPath(resource: Resource, { namespace, name }: ObjectName): string {
  return buildResourcePath(resource, namespace, name);
}
