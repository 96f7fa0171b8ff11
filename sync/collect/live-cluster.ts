import { isSameList } from "../incremental/memo.ts";
import { memoize } from "../incremental/memoize.ts";
import type { KubernetesClient, Query } from "../kubernetes/client.ts";
import { createResourceSearch, PLURALS, type Resource, SERVICES } from "../kubernetes/resources.ts";
import type { Sleep } from "../runtime/sleep.ts";
import type { Cluster, Reference } from "./cluster-model.ts";
import { type GatewayCollections, watchGatewayObjects } from "./gateway/watch-gateway-objects.ts";
import { mergeClusters } from "./merge-clusters.ts";
import { type OptionalCollection, watchOptionalCollection } from "./optional-collection.ts";
import { assembleCluster } from "./parse-objects.ts";
import type { ReferenceListener } from "./references/reference-group.ts";
import { type ReferencedObjects, watchReferencedObjects } from "./references/referenced-objects.ts";
import { type CachedObject, fetchObject, type WatchedCollection, watchCollection } from "./watched-collection.ts";

export interface WatchScope {
  /** Watched namespaces. An empty list means all namespaces. */
  readonly watchNamespace: readonly string[];
  /** Label selector for Ingresses. "" matches all. */
  readonly ingressSelector: string;
}

/** The observed state of the cluster, updated by watches. */
export interface LiveCluster {
  /** Resolves when all first lists are complete. It never rejects. */
  readonly ready: Promise<unknown>;
  /** Returns the observed cluster. Undefined until all first lists are complete: a missing object would look deleted. */
  read(): ObservedCluster | undefined;
  /** Returns an observed Ingress, Service or Gateway API object by its subject in diagnostics: "Ingress namespace/name". */
  findObject(subject: string): CachedObject | undefined;
  /** Watches these Secrets and ConfigMaps, and reads no others. Resolves with whether a new one was added. */
  watchReferences(references: readonly Reference[]): Promise<boolean>;
  /** If true, an unobserved Ingress was deleted. If false, it may be outside the watch scope. */
  readonly watchesEverything: boolean;
  /** Fetches an Ingress ("namespace/name"), watched or not. Rejects with an `ApiError` if it does not exist. */
  fetchIngress(id: string): Promise<CachedObject>;
}

export interface ObservedCluster {
  readonly cluster: Cluster;
  /** The Ingresses with their status, for reports. */
  readonly ingresses: readonly CachedObject[];
  /** The GatewayClasses, Gateways, ListenerSets and HTTPRoutes with their status. */
  readonly gatewayObjects: readonly CachedObject[];
}

export interface ClusterListener {
  readonly onChange: () => void;
  /** A list or watch of a resource (by its plural) failed. Its last observed objects stay in use. */
  readonly onError: (resource: string, error: Error) => void;
  /** After a failure of a resource, the API server answered again. */
  readonly onAnswer: (resource: string) => void;
  /** Reports a state of a resource that needs no action, as one line. */
  readonly onNote?: (resource: string, line: string) => void;
}

/**
 * Watches Ingresses, IngressClasses, Services and the objects of the Gateway API, each in the newest API version of the
 * server. Rejects if the server does not report its versions.
 */
export async function watchCluster(
  api: KubernetesClient,
  { watchNamespace, ingressSelector }: WatchScope,
  { onChange, onError, onAnswer, onNote }: ClusterListener,
  sleep: Sleep,
  signal: AbortSignal,
): Promise<LiveCluster> {
  const findResource = createResourceSearch(api);
  const ingress = await findResource("Ingress");
  if (!ingress) throw new Error("Ingress not found: the API server serves none of its known versions");
  const ingressClass = await findResource("IngressClass");
  const listenTo = (name: string): ReferenceListener => ({
    onChange,
    onError: (error) => onError(name, error),
    onAnswer: () => onAnswer(name),
    onNote: (line) => onNote?.(name, line),
  });
  const watch = (resource: Resource, namespace?: string, query: Query = {}) =>
    watchCollection(api, resource, { namespace, query }, listenTo(resource.plural), sleep, signal);
  const namespaces = watchNamespace.length > 0 ? watchNamespace : [undefined];
  const ingressQuery = ingressSelector === "" ? {} : { labelSelector: ingressSelector };
  const collections: ClusterCollections = {
    ingresses: namespaces.map((namespace) => watch(ingress, namespace, ingressQuery)),
    services: namespaces.map((namespace) => watch(SERVICES, namespace)),
    classes: ingressClass ? [watch(ingressClass)] : [], // API servers before 1.18 have no IngressClass
    references: watchReferencedObjects(api, listenTo("references"), sleep, signal),
    grants: watchOptionalCollection(
      api,
      () => findResource("ReferenceGrant"),
      namespaces.map((namespace) => ({ namespace, query: {} })),
      listenTo(PLURALS.ReferenceGrant),
      sleep,
      signal,
    ),
    gateway: watchGatewayObjects({ api, findResource, namespaces, listenTo, sleep, signal }),
  };
  const { ingresses, services, classes, grants, gateway } = collections;
  return {
    ready: Promise.all([...ingresses, ...services, ...classes, grants, gateway].map(({ ready }) => ready)),
    read: createReader(collections),
    findObject: (subject) => findObject(collections, subject),
    watchReferences: (references) => collections.references.watchOnly(references),
    watchesEverything: ingressSelector === "" && watchNamespace.length === 0,
    fetchIngress: (id) => fetchObject(api, ingress, id),
  };
}

interface ClusterCollections {
  readonly ingresses: readonly WatchedCollection[];
  readonly services: readonly WatchedCollection[];
  readonly classes: readonly WatchedCollection[];
  readonly references: ReferencedObjects;
  readonly grants: OptionalCollection;
  readonly gateway: GatewayCollections;
}

/** Creates a `read` that returns the same object until a list changes. */
function createReader({
  ingresses,
  services,
  classes,
  references,
  grants,
  gateway,
}: ClusterCollections): LiveCluster["read"] {
  let cached: { readonly inputs: readonly unknown[]; readonly observedCluster: ObservedCluster } | undefined;
  return () => {
    const [ingressLists, serviceLists, classLists] = [listAll(ingresses), listAll(services), listAll(classes)];
    const [grantLists, gatewayLists] = [grants.lists(), gateway.lists()];
    if (!ingressLists || !serviceLists || !classLists || !grantLists || !gatewayLists) return undefined;
    const unreadableReferences = references.listUnreadable();
    const lists = [
      ...ingressLists,
      ...serviceLists,
      ...classLists,
      ...grantLists,
      ...gatewayLists,
      ...references.lists(),
    ];
    const inputs = [...lists, ...unreadableReferences.map((reference) => JSON.stringify(reference))];
    if (cached && isSameList(cached.inputs, inputs)) return cached.observedCluster;
    const cluster = mergeClusters(lists.map(buildPartialCluster));
    const observedCluster = {
      cluster: { ...cluster, unreadableReferences, certificates: "of-listeners" as const },
      ingresses: ingressLists.flat(),
      gatewayObjects: gateway.listStatusObjects(),
    };
    cached = { inputs, observedCluster };
    return observedCluster;
  };
}

/** Returns the list of each collection, or undefined if the first list of one is not complete. */
function listAll(collections: readonly WatchedCollection[]): (readonly CachedObject[])[] | undefined {
  const lists = collections.map((collection) => collection.list()).filter((list) => list !== undefined);
  return lists.length < collections.length ? undefined : lists;
}

function findObject({ ingresses, services, gateway }: ClusterCollections, subject: string): CachedObject | undefined {
  if (!/^(?:Ingress|Service) /.test(subject)) return gateway.findObject(subject);
  const collections = subject.startsWith("Ingress ") ? ingresses : services;
  const id = subject.slice(subject.indexOf(" ") + 1);
  return collections.map((collection) => collection.get(id)).find((object) => object !== undefined);
}

const buildPartialCluster = memoize((objects: readonly CachedObject[]) =>
  assembleCluster(objects.map(({ parsedObject }) => parsedObject)),
);
