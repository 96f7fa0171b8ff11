import { ApiError, type KubernetesClient } from "../kubernetes/client.ts";
import { CONFIG_MAPS, SECRETS } from "../kubernetes/resources.ts";
import type { Sleep } from "../runtime/sleep.ts";
import type { Reference, UnreadableReference } from "./cluster-model.ts";
import {
  type CachedObject,
  type CollectionListener,
  type WatchedCollection,
  watchCollection,
} from "./watched-collection.ts";

/** What fails so often does not pass soon: whoever waits is told. */
const MAX_FAILURES = 3;

/** The Secrets and ConfigMaps that rules refer to, each followed by its name alone: no other is ever read. */
export interface ReferencedObjects {
  /**
   * Follows exactly these from now on. Resolves when each was read, found absent, or could not be read, which is tried
   * again where the server itself failed: whether anything new has become known with that.
   */
  watchOnly(references: readonly Reference[]): Promise<boolean>;
  /** Of each, an array that is the same for as long as nothing has changed. */
  lists(): (readonly CachedObject[])[];
  /** Those that have never been read, and why. One that was read once counts as it was then. */
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
  { onChange, onError }: CollectionListener,
  sleep: Sleep,
  signal: AbortSignal,
): ReferencedObjects {
  const watchedReferences = new Map<string, WatchedReference>();

  const startWatch = (reference: Reference): WatchedReference => {
    const stop = new AbortController();
    const { promise: firstRead, resolve } = Promise.withResolvers<void>();
    let isReady = false; // whoever waits for it hears of the first time by that
    let failures = 0;
    const listeners: CollectionListener = {
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
    };
    const scope = { namespace: reference.namespace, query: { fieldSelector: `metadata.name=${reference.name}` } };
    const resource = reference.kind === "Secret" ? SECRETS : CONFIG_MAPS;
    const collection = watchCollection(api, resource, scope, listeners, sleep, AbortSignal.any([signal, stop.signal]));
    const watchedReference: WatchedReference = { reference, collection, stop, firstRead, failure: undefined };
    return watchedReference;
  };

  return {
    async watchOnly(references) {
      const keys = new Map(references.map((reference) => [formatReferenceKey(reference), reference]));
      for (const [key, { stop }] of watchedReferences) {
        if (keys.has(key)) continue;
        stop.abort();
        watchedReferences.delete(key);
      }
      const newEntries = [...keys].filter(([key]) => !watchedReferences.has(key));
      for (const [key, reference] of newEntries) watchedReferences.set(key, startWatch(reference));
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

/** Whether it is the server that failed, or the way to it, and not that it says no. */
function isTransient(error: Error): boolean {
  return !(error instanceof ApiError) || error.status >= 500 || error.status === 429;
}

/** Why one cannot be read; where that is not allowed, also who may change it, and how. */
function formatFailure(failure: Error, { namespace }: Reference): string {
  if (!(failure instanceof ApiError && failure.status === 403)) return failure.message;
  return `${failure.message}: a RoleBinding of ClusterRole edgress-reads-references in namespace ${namespace} lets it be read`;
}

function formatReferenceKey({ kind, namespace, name }: Reference): string {
  return `${kind} ${namespace}/${name}`;
}
