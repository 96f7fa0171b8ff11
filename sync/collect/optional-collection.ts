import { ApiError, type KubernetesClient } from "../kubernetes/client.ts";
import { isTransient } from "../kubernetes/errors.ts";
import type { Resource } from "../kubernetes/resources.ts";
import type { Sleep } from "../runtime/sleep.ts";
import {
  type CachedObject,
  type CollectionListener,
  type CollectionScope,
  type WatchedCollection,
  watchCollection,
} from "./watched-collection.ts";

const DISCOVERY_INTERVAL_MS = 10_000;
const DISCOVERY_RETRY_MS = 2000;

/** The objects of a kind that the API server may not serve, or that the controller may not read. */
export interface OptionalCollection {
  /** Resolves when the objects were read, or when none can be read. It never rejects. */
  readonly ready: Promise<void>;
  /** Returns one list per scope, or none if none can be read. Undefined until it is ready. */
  lists(): readonly (readonly CachedObject[])[] | undefined;
  /** Returns an object by its id, "namespace/name". */
  get(id: string): CachedObject | undefined;
}

/**
 * Watches a kind that may be installed later: it looks for the kind every 10 s, and again after the server no longer
 * serves its version. A missing permission is reported as a failure, and no objects are read.
 */
export function watchOptionalCollection(
  api: KubernetesClient,
  findResource: () => Promise<Resource | undefined>,
  scopes: readonly CollectionScope[],
  listener: CollectionListener,
  sleep: Sleep,
  signal: AbortSignal,
): OptionalCollection {
  const firstRead = Promise.withResolvers<void>();
  let isReady = false;
  let collections: readonly WatchedCollection[] = [];
  const use = (readCollections: readonly WatchedCollection[]) => {
    const isChange = !isReady || readCollections.length + collections.length > 0;
    collections = readCollections;
    isReady = true;
    firstRead.resolve();
    if (isChange) listener.onChange();
  };
  const run = async () => {
    while (!signal.aborted) {
      const resource = await discover(findResource, listener);
      if (resource === "absent") use([]);
      else if (resource !== "unknown") await watchUntilRemoved(resource, use);
      await sleep(resource === "unknown" ? DISCOVERY_RETRY_MS : DISCOVERY_INTERVAL_MS, signal);
    }
  };
  const watchUntilRemoved = (resource: Resource, onRead: typeof use) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = new AbortController();
    const watchListener: CollectionListener = {
      onChange: listener.onChange,
      onAnswer: listener.onAnswer,
      onError(error) {
        listener.onError(error);
        if (isTransient(error)) return;
        if (error instanceof ApiError && error.status === 404) stop.abort();
        if (!isReady) onRead([]);
      },
    };
    const stopSignal = AbortSignal.any([signal, stop.signal]);
    stopSignal.addEventListener("abort", () => resolve());
    const newCollections = scopes.map((scope) =>
      watchCollection(api, resource, scope, watchListener, sleep, stopSignal),
    );
    void Promise.all(newCollections.map(({ ready }) => ready)).then(() => onRead(newCollections));
    return promise;
  };
  void run();
  return {
    ready: firstRead.promise,
    lists: () => (isReady ? collections.flatMap((collection) => [collection.list() ?? []]) : undefined),
    get: (id) => collections.map((collection) => collection.get(id)).find((object) => object !== undefined),
  };
}

/** Returns the newest version of the kind. "unknown": the server did not answer. */
async function discover(
  findResource: () => Promise<Resource | undefined>,
  { onError }: CollectionListener,
): Promise<Resource | "absent" | "unknown"> {
  try {
    return (await findResource()) ?? "absent";
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    onError(failure);
    return isTransient(failure) ? "unknown" : "absent";
  }
}
