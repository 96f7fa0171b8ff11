import { ApiError, type KubernetesClient } from "../../kubernetes/client.ts";
import { createConcurrencyLimit } from "../../runtime/concurrency-limit.ts";
import type { Sleep } from "../../runtime/sleep.ts";
import type { Reference, UnreadableReference } from "../cluster-model.ts";
import type { CachedObject } from "../watched-collection.ts";
import { ObservedReference } from "./observed-reference.ts";
import { ReferenceGroup, type ReferenceListener } from "./reference-group.ts";
import type { ReferenceClient } from "./reference-reader.ts";

/** Reads of single objects and lists of namespaces at a time. Each takes a connection. */
const MAX_CONCURRENT_REQUESTS = 16;

/** Secrets and ConfigMaps that rules refer to. The content of each is read by name; no other content is ever read. */
export interface ReferencedObjects {
  /**
   * Watches exactly these objects from now on. Resolves when each one was read, is missing or is unreadable, with whether
   * one of them is new. Server errors are retried.
   */
  watchOnly(references: readonly Reference[]): Promise<boolean>;
  /** Returns one array per object, the same array until it changes. */
  lists(): (readonly CachedObject[])[];
  /** Returns the objects that were never read, with the reason. An object that was read once keeps its last content. */
  listUnreadable(): UnreadableReference[];
}

/** Watches the referenced objects of all namespaces, with one watch per kind and namespace where that is allowed. */
export function watchReferencedObjects(
  api: KubernetesClient,
  listener: ReferenceListener,
  sleep: Sleep,
  signal: AbortSignal,
): ReferencedObjects {
  const client: ReferenceClient = { api, limit: createConcurrencyLimit(MAX_CONCURRENT_REQUESTS), sleep };
  const objects = new Map<string, ObservedReference>();
  const groups = new Map<string, ReferenceGroup>();
  const removeObject = (key: string, object: ObservedReference) => {
    objects.delete(key);
    const groupKey = formatGroupKey(object.reference);
    if (groups.get(groupKey)?.remove(object)) groups.delete(groupKey);
  };
  const addObjects = (newObjects: readonly ObservedReference[]) => {
    for (const [groupKey, groupObjects] of Map.groupBy(newObjects, ({ reference }) => formatGroupKey(reference))) {
      const [first] = groupObjects;
      if (!first) continue;
      const group = groups.get(groupKey) ?? new ReferenceGroup(client, first.reference, listener, signal);
      groups.set(groupKey, group);
      group.add(groupObjects);
    }
  };
  return {
    async watchOnly(references) {
      const keys = new Map(references.map((reference) => [formatReferenceKey(reference), reference]));
      for (const [key, object] of objects) if (!keys.has(key)) removeObject(key, object);
      const newObjects = [...keys]
        .filter(([key]) => !objects.has(key))
        .map(([key, reference]) => [key, new ObservedReference(reference, listener.onChange)] as const);
      for (const [key, object] of newObjects) objects.set(key, object);
      addObjects(newObjects.map(([, object]) => object));
      await Promise.all(newObjects.map(([, { firstRead }]) => firstRead));
      return newObjects.length > 0;
    },
    lists: () => [...objects.values()].map(({ cache }) => cache.list()).filter((list) => list !== undefined),
    listUnreadable: () =>
      [...objects.values()].flatMap(({ reference, cache, failure }) =>
        cache.list() || !failure ? [] : [{ ...reference, problem: formatFailure(failure, reference) }],
      ),
  };
}

/** Formats the reason. For a missing permission it includes the remedy. */
function formatFailure(failure: Error, { namespace }: Reference): string {
  if (!(failure instanceof ApiError && failure.status === 403)) return failure.message;
  return `${failure.message}; bind ClusterRole edgress-reads-references in namespace ${namespace} with a RoleBinding`;
}

function formatGroupKey({ kind, namespace }: Reference): string {
  return `${kind} ${namespace}`;
}

function formatReferenceKey({ kind, namespace, name }: Reference): string {
  return `${kind} ${namespace}/${name}`;
}
