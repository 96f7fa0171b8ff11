import { isSameList } from "../incremental/cache.ts";
import { memoize } from "../incremental/memoize.ts";
import type { KubernetesClient } from "../kubernetes/client.ts";
import { findNewestResource, type Resource, SERVICES } from "../kubernetes/resources.ts";
import type { Sleep } from "../runtime/sleep.ts";
import type { Cluster, Reference } from "./cluster-model.ts";
import { assembleCluster } from "./parse-objects.ts";
import { watchReferencedObjects } from "./referenced-objects.ts";
import { type CachedObject, fetchObject, watchCollection } from "./watched-collection.ts";

export interface WatchScope {
  /** The namespaces that are watched; all where there are none. */
  readonly watchNamespace: readonly string[];
  /** The label selector that Ingresses must fit; "" takes all. */
  readonly ingressSelector: string;
}

/** The cluster as the API server shows it, kept in step with it. */
export interface LiveCluster {
  /** The cluster as it is known now. Undefined until every first list is in, since what is missing would count as gone. */
  read(): ObservedCluster | undefined;
  /** An Ingress or Service as it is known now, by how diagnostics name it: "Ingress namespace/name". */
  findObject(subject: string): CachedObject | undefined;
  /** Follows these Secrets and ConfigMaps by name, and no others; whether anything new has become known with that. */
  watchReferences(references: readonly Reference[]): Promise<boolean>;
  /** Whether an Ingress that is not known is gone; else it may be one that is not watched. */
  readonly watchesEverything: boolean;
  /** An Ingress ("namespace/name") as it is now, watched or not. Rejects with an ApiError where there is none. */
  fetchIngress(id: string): Promise<CachedObject>;
}

export interface ObservedCluster {
  readonly cluster: Cluster;
  /** What reporting needs of the Ingresses. */
  readonly ingresses: readonly CachedObject[];
}

export interface ClusterListener {
  readonly onChange: () => void;
  /** A list or watch of a resource, by its plural, failed; what was known of it still counts. */
  readonly onError: (resource: string, error: Error) => void;
}

/**
 * Follows Ingresses, IngressClasses and Services, each in the newest version that the server has. Rejects where the server
 * does not say which those are.
 */
export async function watchCluster(
  api: KubernetesClient,
  { watchNamespace, ingressSelector }: WatchScope,
  { onChange, onError }: ClusterListener,
  sleep: Sleep,
  signal: AbortSignal,
): Promise<LiveCluster> {
  const ingress = await findNewestResource(api, "Ingress");
  if (!ingress) throw new Error("the API server serves no Ingress, in none of the versions that are known here");
  const ingressClass = await findNewestResource(api, "IngressClass");
  const watchNamespaces = (resource: Resource, query = {}, namespaces: readonly (string | undefined)[] = [undefined]) =>
    namespaces.map((namespace) => {
      const listeners = { onChange, onError: (error: Error) => onError(resource.plural, error) };
      return watchCollection(api, resource, { namespace, query }, listeners, sleep, signal);
    });
  const namespaces = watchNamespace.length > 0 ? watchNamespace : [undefined];
  const ingresses = watchNamespaces(
    ingress,
    ingressSelector === "" ? {} : { labelSelector: ingressSelector },
    namespaces,
  );
  const services = watchNamespaces(SERVICES, {}, namespaces);
  const classes = ingressClass ? watchNamespaces(ingressClass) : []; // servers before 1.18 have none
  const listeners = { onChange, onError: (error: Error) => onError("references", error) };
  const references = watchReferencedObjects(api, listeners, sleep, signal);
  let cached: { readonly inputs: readonly unknown[]; readonly observedCluster: ObservedCluster } | undefined;
  return {
    read() {
      const lists = [ingresses, services, classes].map((collections) =>
        collections.map((collection) => collection.list()),
      );
      const [ingressLists = [], serviceLists = [], classLists = []] = lists.map((listGroup) =>
        listGroup.filter((list) => list !== undefined),
      );
      if (
        ingressLists.length < ingresses.length ||
        serviceLists.length < services.length ||
        classLists.length < classes.length
      )
        return;
      const [referenceLists, unreadableReferences] = [references.lists(), references.listUnreadable()];
      const inputs = [
        ...ingressLists,
        ...serviceLists,
        ...classLists,
        ...referenceLists,
        ...unreadableReferences.map((reference) => JSON.stringify(reference)),
      ];
      if (cached && isSameList(cached.inputs, inputs)) return cached.observedCluster;
      const cluster = mergeClusters(
        [...ingressLists, ...serviceLists, ...classLists, ...referenceLists].map(buildPartialCluster),
      );
      const observedCluster: ObservedCluster = {
        cluster: { ...cluster, unreadableReferences },
        ingresses: ingressLists.flat(),
      };
      cached = { inputs, observedCluster };
      return observedCluster;
    },
    findObject(subject) {
      const space = subject.indexOf(" ");
      const collections = subject.startsWith("Ingress ") ? ingresses : subject.startsWith("Service ") ? services : [];
      const id = subject.slice(space + 1);
      return collections.map((collection) => collection.get(id)).find((object) => object !== undefined);
    },
    watchReferences: (wantedReferences) => references.watchOnly(wantedReferences),
    watchesEverything: ingressSelector === "" && watchNamespace.length === 0,
    fetchIngress: (id) => fetchObject(api, ingress, id),
  };
}

const buildPartialCluster = memoize((objects: readonly CachedObject[]) =>
  assembleCluster(objects.map(({ parsedObject }) => parsedObject)),
);

/** Parts of a cluster as one. A list that only one of them has stays the same array. */
function mergeClusters(parts: readonly Cluster[]): Cluster {
  const mergeLists = <T>(selectList: (part: Cluster) => readonly T[]): readonly T[] => {
    const [firstList = [], ...otherLists] = parts.map(selectList).filter((list) => list.length > 0);
    return otherLists.length === 0 ? firstList : [firstList, ...otherLists].flat();
  };
  return {
    ingresses: mergeLists(({ ingresses }) => ingresses),
    classes: mergeLists(({ classes }) => classes),
    services: mergeLists(({ services }) => services),
    secrets: mergeLists(({ secrets }) => secrets),
    configMaps: mergeLists(({ configMaps }) => configMaps),
    invalidObjects: mergeLists(({ invalidObjects }) => invalidObjects),
    unreadableReferences: [],
    certificates: "unknown",
  };
}
