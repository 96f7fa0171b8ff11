import * as z from "zod";
import type { KubernetesClient, Query } from "../kubernetes/client.ts";
import { WatchedObject } from "../kubernetes/list.ts";
import { type Change, listAndWatch } from "../kubernetes/list-watch.ts";
import { buildResourcePath, type Resource } from "../kubernetes/resources.ts";
import type { Sleep } from "../runtime/sleep.ts";
import { LIVE_GENERATION_ANNOTATION } from "./annotation-names.ts";
import { GATEWAY_GROUP } from "./gateway/gateway-fields.ts";
import { type CachedObject, type GatewayFields, ObjectCache, type ObservedStatus } from "./object-cache.ts";
import { parseObject } from "./parse-objects.ts";

export type { CachedObject, ObservedStatus } from "./object-cache.ts";

/** The observed state of a collection, updated by a watch. */
export interface WatchedCollection {
  /** Resolves when the first list is complete. It never rejects. */
  readonly ready: Promise<void>;
  /** Returns all objects. Undefined before the first list; the same array until something changes. */
  list(): readonly CachedObject[] | undefined;
  /** Returns an object by its id, "namespace/name". */
  get(id: string): CachedObject | undefined;
}

export interface CollectionListener {
  /** The first list is complete, or a change affects compiling. */
  readonly onChange: () => void;
  /** A list or watch failed. The last observed objects stay in use. */
  readonly onError: (error: Error) => void;
  /** After a failure, the API server answered again, or the watch was stopped. */
  readonly onAnswer?: (() => void) | undefined;
}

/** The watched part of a resource: one namespace or all, and a query. */
export interface CollectionScope {
  readonly namespace?: string | undefined;
  readonly query: Query;
}

/**
 * Watches a collection into `cache` until `signal` is aborted. While the server does not answer, the last observed objects
 * stay.
 */
export function watchCollection(
  api: KubernetesClient,
  resource: Resource,
  { namespace, query }: CollectionScope,
  listener: CollectionListener,
  sleep: Sleep,
  signal: AbortSignal,
  cache: ObjectCache = new ObjectCache(),
): WatchedCollection {
  const transform = (object: WatchedObject) => buildCachedObject(object, resource);
  const target = { path: buildResourcePath(resource, namespace), query, transform };
  void applyChanges(listAndWatch(api, target, signal, sleep), cache, listener, signal);
  return cache;
}

async function applyChanges(
  changes: AsyncIterable<Change<CachedObject>>,
  cache: ObjectCache,
  { onChange, onError, onAnswer }: CollectionListener,
  signal: AbortSignal,
): Promise<void> {
  for await (const change of changes) {
    if (signal.aborted) break; // a list that was in progress may be older than the cache
    if (change.type === "failed") onError(change.error);
    else if (change.type === "answered") onAnswer?.();
    else if (cache.apply(change)) onChange();
  }
  onAnswer?.();
}

/** Fetches one object, watched or not. Rejects with an `ApiError` if it does not exist. */
export async function fetchObject(api: KubernetesClient, resource: Resource, id: string): Promise<CachedObject> {
  const [namespace, name] = id.split("/");
  return buildCachedObject(WatchedObject.parse(await api.get(buildResourcePath(resource, namespace, name))), resource);
}

function buildCachedObject(object: WatchedObject, { apiVersion, kind }: Resource): CachedObject {
  const [parsedObject] = parseObject({ object: { ...object, apiVersion, kind }, source: apiVersion });
  if (!parsedObject) throw new Error(`unsupported kind: ${kind}`); // a mistake in the caller
  const { name, namespace = "", uid = "", resourceVersion = "" } = object.metadata;
  const id = `${namespace}/${name}`;
  const subject = `${kind} ${namespace === "" ? name : id}`;
  return {
    parsedObject,
    id,
    subject,
    namespace,
    name,
    apiVersion,
    uid,
    resourceVersion,
    status: parseObservedStatus(object),
    ...(apiVersion.startsWith(`${GATEWAY_GROUP}/`) && { gatewayFields: buildGatewayFields(object) }),
  };
}

const FinalizedObject = z.object({ metadata: z.object({ finalizers: z.array(z.string()).nullish() }) });

function buildGatewayFields(object: WatchedObject): GatewayFields {
  const { metadata } = FinalizedObject.safeParse(object).data ?? {};
  return { finalizers: metadata?.finalizers ?? [], status: object.status };
}

const StatusObject = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).nullish() }),
  status: z
    .object({
      loadBalancer: z
        .object({
          ingress: z.array(z.object({ ip: z.string().optional(), hostname: z.string().optional() })).nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

function parseObservedStatus(object: WatchedObject): ObservedStatus {
  const { metadata, status } = StatusObject.safeParse(object).data ?? {};
  return {
    loadBalancer: status?.loadBalancer?.ingress ?? [],
    liveGeneration: metadata?.annotations?.[LIVE_GENERATION_ANNOTATION],
  };
}
