import { ApiError, type KubernetesClient } from "../kubernetes/client.ts";
import { isTransient } from "../kubernetes/errors.ts";
import { CONFIG_MAPS, SECRETS } from "../kubernetes/resources.ts";
import type { Sleep } from "../runtime/sleep.ts";
import type { Reference, UnreadableReference } from "./cluster-model.ts";
import {
  type CachedObject,
  type CollectionListener,
  type WatchedCollection,
  watchCollection,
} from "./watched-collection.ts";

/** After this number of failures, callers stop waiting for the first read. */
const MAX_FAILURES = 3;

/** Secrets and ConfigMaps that Ingresses refer to. Each is watched by name; no other is ever read. */
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

interface WatchedReference {
  readonly reference: Reference;
  readonly collection: WatchedCollection;
  readonly stop: AbortController;
  readonly firstRead: Promise<void>;
  failure: Error | undefined;
}

export function watchReferencedObjects(
  api: KubernetesClient,
  listener: CollectionListener,
  sleep: Sleep,
  signal: AbortSignal,
): ReferencedObjects {
  const watchedReferences = new Map<string, WatchedReference>();
  return {
    async watchOnly(references) {
      const keys = new Map(references.map((reference) => [formatReferenceKey(reference), reference]));
      for (const [key, { stop }] of watchedReferences) {
        if (keys.has(key)) continue;
        stop.abort();
        watchedReferences.delete(key);
      }
      const newEntries = [...keys].filter(([key]) => !watchedReferences.has(key));
      for (const [key, reference] of newEntries) {
        watchedReferences.set(key, watchReference(api, reference, listener, sleep, signal));
      }
      await Promise.all(newEntries.map(([key]) => watchedReferences.get(key)?.firstRead));
      return newEntries.length > 0;
    },
    lists: () =>
      [...watchedReferences.values()].map(({ collection }) => collection.list()).filter((list) => list !== undefined),
    listUnreadable: () =>
      [...watchedReferences.values()].flatMap(({ reference, collection, failure }) =>
        collection.list() || !failure ? [] : [{ ...reference, problem: formatFailure(failure, reference) }],
      ),
  };
}

/** Watches one object. Its first result resolves `firstRead` and is not passed to `onChange`. */
function watchReference(
  api: KubernetesClient,
  reference: Reference,
  { onChange, onError, onAnswer }: CollectionListener,
  sleep: Sleep,
  signal: AbortSignal,
): WatchedReference {
  const stop = new AbortController();
  const { promise: firstRead, resolve } = Promise.withResolvers<void>();
  let isReady = false;
  let failures = 0;
  const listener: CollectionListener = {
    onChange: () => {
      if (isReady) onChange();
      isReady = true;
      resolve();
    },
    onError: (error) => {
      failures++;
      watchedReference.failure = error;
      onError(error);
      if (!isReady && isTransient(error) && failures < MAX_FAILURES) return;
      isReady = true;
      resolve();
    },
    onAnswer,
  };
  const scope = { namespace: reference.namespace, query: { fieldSelector: `metadata.name=${reference.name}` } };
  const resource = reference.kind === "Secret" ? SECRETS : CONFIG_MAPS;
  const collection = watchCollection(api, resource, scope, listener, sleep, AbortSignal.any([signal, stop.signal]));
  const watchedReference: WatchedReference = { reference, collection, stop, firstRead, failure: undefined };
  return watchedReference;
}

/** Formats the reason. For a missing permission it includes the remedy. */
function formatFailure(failure: Error, { namespace }: Reference): string {
  if (!(failure instanceof ApiError && failure.status === 403)) return failure.message;
  return `${failure.message}; bind ClusterRole edgress-reads-references in namespace ${namespace} with a RoleBinding`;
}

function formatReferenceKey({ kind, namespace, name }: Reference): string {
  return `${kind} ${namespace}/${name}`;
}
